import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clusterMembers } from '#operator/topology/members.ts';
import { clusterFiles, createFile, readJson } from './files.ts';
import { choosePorts, LOOPBACK } from './ports.ts';
import { loadState, nextSettings, saveState } from './state.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-state-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const members = (numReplicasPerShard: number) =>
  clusterMembers('shop', { numShards: 1, numReplicasPerShard, transactionLog: { copies: 3 } });

test('ports and cluster id are kept between runs', async () => {
  const files = clusterFiles(directory, 'shop');
  const first = await loadState(files, members(1), 0, 6379);
  saveState(files, first);
  expect(await loadState(files, members(1), null, 6379)).toEqual(first);
  expect(await loadState(files, members(1), 0, 6379)).toEqual(first);
});

test('another base port or another number of members gets other ports, the cluster id stays', async () => {
  const files = clusterFiles(directory, 'shop');
  const first = await loadState(files, members(1), 0, 6379);
  saveState(files, first);
  const [{ client: base }] = await choosePorts(['data', 'data', 'data'], 0);
  const moved = await loadState(files, members(2), base, 6379);
  expect(moved.clusterId).toBe(first.clusterId);
  const names = members(2).map(({ name }) => name);
  expect(Object.keys(moved.ports)).toEqual(names);
  expect(names.map((name) => moved.ports[name].client)).toEqual([base, base + 1, base + 2]);
});

test('a kept client port that somebody else has taken is an error, not another port', async () => {
  const files = clusterFiles(directory, 'shop');
  const first = await loadState(files, members(0), 0, 6379);
  saveState(files, first);
  const port = first.ports['shop-0001-001'].client;
  const thief = createServer();
  await new Promise<void>((resolve) => thief.listen(port, LOOPBACK, resolve));
  try {
    await expect(loadState(files, members(0), null, 6379)).rejects.toMatchObject({ port });
  } finally {
    await new Promise((resolve) => thief.close(resolve));
  }
});

test('the settings revision rises exactly when the content changes', () => {
  const first = nextSettings({ revision: 0, hash: '' }, { users: ['a'] });
  expect(first.revision).toBe(1);
  expect(nextSettings(first, { users: ['a'] })).toEqual(first);
  expect(nextSettings(first, { users: [] }).revision).toBe(2);
});

test('an identity is decided by whoever creates the file first', () => {
  const path = clusterFiles(directory, 'shop').identity('0001');
  expect(createFile(path, '{"first":true}')).toBe(true);
  expect(createFile(path, '{"second":true}')).toBe(false);
  expect(readJson(path)).toEqual({ first: true });
});
