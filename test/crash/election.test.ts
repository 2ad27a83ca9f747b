/** What a member tells clients of its shard while that has no primary (src/node/shard/stand-in.ts). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import type { LocalCluster } from '#operator/local/cluster.ts';
import { makeCluster, SHARD } from './trial.ts';

/** The only range of slots of a cluster of one shard. */
const ALL_SLOTS = '0-16383';
const WITHIN_MS = 30_000;
const closing: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Shard {
  readonly cluster: LocalCluster;
  readonly primary: string;
  readonly replica: string;
  readonly log: string;
  readonly portOf: (name: string) => number;
  /** Connected to the replica. */
  readonly client: Redis;
}

async function startShard(): Promise<Shard> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-election-'));
  closing.push(() => rmSync(directory, { recursive: true, force: true }));
  const cluster = makeCluster(directory);
  closing.push(() => cluster.stop());
  await cluster.start();
  const primary = (await cluster.primaryOf(SHARD)) ?? '';
  const members = cluster.members();
  const replica = members.find(({ name, kind }) => kind === 'data' && name !== primary)?.name ?? '';
  const log = members.find(({ kind }) => kind === 'log')?.name ?? '';
  const portOf = (name: string): number =>
    members.find((member) => member.name === name)?.ports.client ?? 0;
  const client = new Redis({ port: portOf(replica), retryStrategy: () => null });
  client.on('error', () => {});
  closing.push(() => client.disconnect());
  return { cluster, primary, replica, log, portOf, client };
}

/** Who stands first for each range of slots, as the client's member tells. */
async function firstPorts(client: Redis): Promise<Record<string, number>> {
  const ranges = await client.cluster('SLOTS');
  return Object.fromEntries(ranges.map(([from, to, first]) => [`${from}-${to}`, first[1]]));
}

/** Asks until `port` stands first; every other answer on the way must be one of `before`. */
async function untilFirst(client: Redis, port: number, before: readonly number[]): Promise<void> {
  const deadlineMs = performance.now() + WITHIN_MS;
  for (;;) {
    const first = await firstPorts(client);
    expect(Object.keys(first)).toEqual([ALL_SLOTS]);
    if (first[ALL_SLOTS] === port) return;
    expect(before).toContain(first[ALL_SLOTS]);
    expect(performance.now()).toBeLessThan(deadlineMs);
    await delay(5);
  }
}

/** What a write is answered; on a slow machine an election may take longer than a command is held for it. */
async function write(client: Redis): Promise<string> {
  const deadlineMs = performance.now() + WITHIN_MS;
  for (;;) {
    const answer = await client.set('k', 'v').catch(String);
    if (!answer.includes('CLUSTERDOWN') || performance.now() > deadlineMs) return answer;
  }
}

test('during an election the replica that is asked stands for the primary, and answers in the end', {
  timeout: 120_000,
}, async () => {
  const { cluster, primary, replica, portOf, client } = await startShard();
  expect(await firstPorts(client)).toEqual({ [ALL_SLOTS]: portOf(primary) });
  cluster.kill(primary, 'SIGSTOP');
  try {
    await untilFirst(client, portOf(replica), [portOf(primary)]);
    expect(await write(client)).toBe('OK');
    expect(await cluster.primaryOf(SHARD)).toBe(replica);
  } finally {
    cluster.kill(primary, 'SIGCONT');
  }
});

test('a replica without a majority names the last primary and says that the slots are not served', {
  timeout: 120_000,
}, async () => {
  const { cluster, primary, replica, log, portOf, client } = await startShard();
  for (const name of [primary, log]) cluster.kill(name, 'SIGSTOP');
  try {
    await untilFirst(client, portOf(replica), [portOf(primary)]);
    await untilFirst(client, portOf(primary), [portOf(replica)]);
    const info = await client.cluster('INFO');
    expect(info).toContain('cluster_state:fail');
    expect(info).toContain('cluster_slots_fail:16384');
    await expect(client.set('k', 'v')).rejects.toThrow('CLUSTERDOWN');
  } finally {
    for (const name of [primary, log]) cluster.kill(name, 'SIGCONT');
  }
  await cluster.ready();
  const { endpoints } = cluster;
  expect(endpoints.map(({ port }) => port)).toContain((await firstPorts(client))[ALL_SLOTS]);
});
