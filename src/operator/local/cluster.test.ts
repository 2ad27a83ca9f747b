import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalCluster } from './cluster.ts';
import { defineClusters } from './definition.ts';
import { parseManifests } from './manifest.ts';
import { choosePorts } from './ports.ts';

/** Real processes on a machine that may be busy with other tests. */
const SLOW = { timeout: 180_000 };
let directory: string;
let cleanUp: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-local-'));
});

afterEach(async () => {
  for (const step of cleanUp.reverse()) await step();
  cleanUp = [];
  rmSync(directory, { recursive: true, force: true });
});

function manifest(kind: string, name: string, spec: object): string {
  return JSON.stringify({ apiVersion: 'holdfast.dev/v1alpha1', kind, metadata: { name }, spec });
}

function cluster(...manifests: string[]): LocalCluster {
  const [definition] = defineClusters(parseManifests('test', manifests.join('\n---\n')));
  const made = new LocalCluster({ definition, directory, basePort: 0 });
  cleanUp.push(() => made.stop());
  return made;
}

/** As {@link cluster}, with a log that is soon dropped in favour of snapshots. */
function clusterOfShortLogs(spec: string): LocalCluster {
  const [definition] = defineClusters(parseManifests('test', spec));
  const nodeOptions = { segmentBytes: 64 << 10, snapshotLogBytes: 64 << 10, snapshotLogPercent: 0 };
  const made = new LocalCluster({ definition, directory, basePort: 0, nodeOptions });
  cleanUp.push(() => made.stop());
  return made;
}

function connect(target: LocalCluster): Cluster {
  const { ca, endpoints } = target;
  const client = new Cluster(endpoints, {
    redisOptions: ca === null ? {} : { tls: { ca } },
    clusterRetryStrategy: () => 20,
    retryDelayOnFailover: 20,
    retryDelayOnClusterDown: 20,
  });
  client.on('error', () => {});
  cleanUp.push(async () => client.disconnect());
  return client;
}

test('a stopped cluster comes back on the same ports with everything in it', SLOW, async () => {
  const spec = manifest('MemoryCluster', 'shop', { tlsEnabled: false });
  const first = cluster(spec);
  await first.start();
  await connect(first).set('greeting', 'hello');
  const { endpoints } = first;
  await first.stop();

  const second = cluster(spec);
  await second.start();
  expect(second.endpoints).toEqual(endpoints);
  expect(await connect(second).get('greeting')).toBe('hello');
});

test('a member that is killed is started again and catches up', SLOW, async () => {
  const shop = cluster(manifest('MemoryCluster', 'shop', { tlsEnabled: false }));
  await shop.start();
  const client = connect(shop);
  await client.set('greeting', 'hello');
  const primary = await shop.primaryOf('0001');
  expect(primary).not.toBeNull();
  shop.kill(primary ?? '', 'SIGKILL');
  await shop.ready();
  expect(shop.restartsOf(primary ?? '')).toBe(1);
  expect(await client.get('greeting')).toBe('hello');
});

test('a member that lost its disk comes back as a new one, and nothing is lost', SLOW, async () => {
  const spec = { tlsEnabled: false, numReplicasPerShard: 2 };
  const shop = clusterOfShortLogs(manifest('MemoryCluster', 'shop', spec));
  await shop.start();
  const client = connect(shop);
  // the log reaches back to the beginning no more: a new disk gets a snapshot
  for (let i = 0; i < 200; i++) await client.set(`large:${i % 10}`, `${i}`.repeat(2000));
  const writing = new AbortController();
  const acknowledged: number[] = [];
  const write = async (): Promise<void> => {
    for (let i = 0; !writing.signal.aborted; i++) {
      const done = await client.set(`key:${i}`, i).catch(() => null);
      if (done === 'OK') acknowledged.push(i);
      // a client that is closed refuses at once: without a pause nothing else would ever run
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const writer = write();
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds().catch(() => false))) await new Promise((r) => setTimeout(r, 50));
  };
  const dataOf = (name: string): string => join(directory, 'shop', name, 'data');
  const votes = async (name: string, oldId: string): Promise<boolean> => {
    const leader = (await shop.primaryOf('0001')) ?? '';
    const { memberId, ready } = await shop.statusOf(name);
    const { voters } = await shop.statusOf(leader);
    const taken = voters.includes(memberId) && !voters.includes(oldId);
    return ready && taken && voters.length === 3;
  };
  const lose = async (name: string, down: boolean): Promise<void> => {
    const { memberId } = await shop.statusOf(name);
    if (down) shop.kill(name, 'SIGKILL');
    rmSync(dataOf(name), { recursive: true, force: true });
    await until(() => votes(name, memberId));
  };
  const primary = async (): Promise<string> => (await shop.primaryOf('0001')) ?? '';
  // the same one twice: its second memberId is in no record
  const first = await primary();
  const replica = first === 'shop-0001-001' ? 'shop-0001-002' : 'shop-0001-001';
  await lose(replica, false);
  await lose(replica, true);
  await lose(await primary(), false);
  await shop.ready();
  writing.abort();
  await writer;
  expect(acknowledged.length).toBeGreaterThan(100);
  for (const i of acknowledged) expect(await client.get(`key:${i}`)).toBe(String(i));
  expect(await client.get('large:9')).toBe('199'.repeat(2000));
  const snapshots = readdirSync(join(dataOf(replica), 'snapshots'));
  expect(snapshots.filter((name) => name.startsWith('snapshot-')).length).toBeGreaterThan(0);
  const digests = await Promise.all(shop.members().map(({ name }) => shop.digestOf(name)));
  expect(new Set(digests.map(({ digest }) => digest)).size).toBe(1);
});

test(
  'with a key nothing that was written can be read on any disk, also on a new one',
  SLOW,
  async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'disk-key' },
      stringData: { key: `one ${'5c'.repeat(32)}` },
    };
    const storage = { encryption: { secretName: 'disk-key' } };
    const spec = manifest('MemoryCluster', 'shop', { tlsEnabled: false, storage });
    const first = cluster(spec, JSON.stringify(secret));
    await first.start();
    await connect(first).set('greeting', 'a-sentence-to-be-found');
    first.kill('shop-0001-l01', 'SIGKILL');
    rmSync(join(directory, 'shop', 'shop-0001-l01', 'data'), { recursive: true });
    await first.ready();
    await first.stop();
    const found = first.members().flatMap(({ name }) => {
      const data = join(directory, 'shop', name, 'data');
      const files = readdirSync(data, { recursive: true, withFileTypes: true });
      return files
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name))
        .filter((file) => readFileSync(file).includes('a-sentence'));
    });
    expect(found).toEqual([]);
    const second = cluster(spec, JSON.stringify(secret));
    await second.start();
    expect(await connect(second).get('greeting')).toBe('a-sentence-to-be-found');
  },
);

test('a disk that its shard has gone on without is set aside and starts anew', SLOW, async () => {
  const spec = manifest('MemoryCluster', 'shop', { tlsEnabled: false });
  const home = join(directory, 'shop', 'shop-0001-l01');
  const first = cluster(spec);
  await first.start();
  const old = (await first.statusOf('shop-0001-l01')).memberId;
  await first.stop();
  cpSync(join(home, 'data'), join(directory, 'kept'), { recursive: true });

  const second = cluster(spec);
  await second.start();
  rmSync(join(home, 'data'), { recursive: true });
  second.kill('shop-0001-l01', 'SIGKILL');
  await second.ready();
  expect((await second.statusOf('shop-0001-l01')).memberId).not.toBe(old);
  await second.stop();
  rmSync(join(home, 'data'), { recursive: true });
  renameSync(join(directory, 'kept'), join(home, 'data'));

  const third = cluster(spec);
  await third.start();
  const { memberId, voters } = await third.statusOf('shop-0001-l01');
  expect(memberId).not.toBe(old);
  expect(voters).toContain(memberId);
  expect(voters).toHaveLength(3);
  expect(readdirSync(join(home, 'data'))).toContain(`removed-${old}`);
});

test(
  'the only data member of a shard may lose its disk: the log members have it all',
  SLOW,
  async () => {
    const spec = { tlsEnabled: false, numReplicasPerShard: 0 };
    const shop = cluster(manifest('MemoryCluster', 'shop', spec));
    await shop.start();
    const client = connect(shop);
    for (let i = 0; i < 100; i++) await client.set(`key:${i}`, i);
    const { memberId } = await shop.statusOf('shop-0001-001');
    shop.kill('shop-0001-001', 'SIGKILL');
    rmSync(join(directory, 'shop', 'shop-0001-001', 'data'), { recursive: true, force: true });
    await shop.ready();
    expect((await shop.statusOf('shop-0001-001')).memberId).not.toBe(memberId);
    for (let i = 0; i < 100; i++) expect(await client.get(`key:${i}`)).toBe(String(i));
  },
);

test(
  'of three shards each serves its slots, also for clients that know only one member',
  SLOW,
  async () => {
    const spec = { numShards: 3, numReplicasPerShard: 0, tlsEnabled: false };
    const shop = cluster(manifest('MemoryCluster', 'shop', spec));
    await shop.start();
    expect(shop.members()).toHaveLength(9);
    const [first] = shop.endpoints;
    const client = new Cluster([first]);
    client.on('error', () => {});
    cleanUp.push(async () => client.disconnect());
    for (let i = 0; i < 50; i++) await client.set(`key:${i}`, i);
    for (let i = 0; i < 50; i++) expect(await client.get(`key:${i}`)).toBe(String(i));
    expect(client.nodes('master')).toHaveLength(3);
  },
);

test('with TLS and an ACL only its users get in, by either of two passwords', SLOW, async () => {
  const passwords = ['first-password-of-16', 'second-password-of-16'];
  const secret = (name: string, password: string): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      stringData: { password },
    });
  const shop = cluster(
    manifest('MemoryCluster', 'shop', { aclName: 'staff' }),
    manifest('ACL', 'staff', { userNames: ['alice'] }),
    manifest('User', 'alice', {
      accessString: 'on ~app:* +@all',
      authenticationMode: {
        type: 'password',
        passwords: [
          { name: 'one', key: 'password' },
          { name: 'two', key: 'password' },
        ],
      },
    }),
    secret('one', passwords[0]),
    secret('two', passwords[1]),
  );
  await shop.start();
  const primary = await shop.primaryOf('0001');
  const port = shop.members().find(({ name }) => name === primary)?.ports.client ?? 0;
  const open = (credentials: object): Redis => {
    const client = new Redis({
      host: '127.0.0.1',
      port,
      ...(shop.ca === null ? {} : { tls: { ca: shop.ca } }),
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      ...credentials,
    });
    client.on('error', () => {});
    cleanUp.push(async () => client.disconnect());
    return client;
  };
  expect(shop.ca).not.toBeNull();
  for (const password of passwords) {
    const alice = open({ username: 'alice', password });
    expect(await alice.set('app:1', 'x')).toBe('OK');
    await expect(alice.set('other', 'x')).rejects.toThrow('NOPERM');
  }
  await expect(open({}).get('app:1')).rejects.toThrow('NOAUTH');
  for (const [username, password] of [
    ['alice', 'not-her-password-at-all'],
    ['bob', passwords[0]],
    ['default', passwords[0]],
  ]) {
    await expect(open({ username, password }).get('app:1')).rejects.toThrow('WRONGPASS');
  }
});

test(
  'an identity that is missing beside formed disks is refused, never formed anew',
  SLOW,
  async () => {
    const spec = manifest('MemoryCluster', 'shop', { tlsEnabled: false, numReplicasPerShard: 0 });
    const first = cluster(spec);
    await first.start();
    await first.stop();
    rmSync(join(directory, 'shop', 'shard-0001'), { recursive: true });
    await expect(cluster(spec).start()).rejects.toMatchObject({ code: 'FOREIGN_DISK' });
  },
);

test(
  'holdfast local --once starts what the manifest says, tells where, and stops',
  SLOW,
  async () => {
    const [{ client: base }] = await choosePorts(['data', 'data', 'log'], 0);
    const file = join(directory, 'shop.yaml');
    writeFileSync(file, manifest('MemoryCluster', 'shop', { tlsEnabled: true }));
    const main = join(import.meta.dirname, 'main.ts');
    const data = join(directory, 'data');
    const options = ['--once', '--data', data, '--base-port', String(base)];
    const { stdout } = await promisify(execFile)(process.execPath, [
      main,
      'local',
      file,
      ...options,
    ]);
    expect(stdout).toContain(`127.0.0.1:${base}`);
    expect(stdout).toContain(`redis-cli -c -p ${base} --tls --cacert ${data}/shop/ca.crt`);
    expect(readFileSync(join(data, 'shop', 'shop-0001-001', 'node.log'), 'utf8')).not.toBe('');
  },
);
