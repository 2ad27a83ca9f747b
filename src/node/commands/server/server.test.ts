import { expect, test } from 'vitest';
import { CommandIndex } from '#node/commands/command-index.ts';
import { COMMANDS } from '#node/commands/table.ts';
import { CommandStatistics } from '#node/session/statistics.ts';
import { OPEN_USER, TestHost } from '#node/session/testing/host.ts';
import { legacyRange } from './command-info.ts';
import { humanBytes, type InfoData, renderInfo } from './info.ts';

const commands = new CommandIndex(COMMANDS);
const statistics = new CommandStatistics(commands.size);
const DATA: InfoData = {
  version: '0.1.0',
  processId: 7,
  runId: 'd'.repeat(40),
  operatingSystem: 'Linux 6.1 x86_64',
  tcpPort: 6379,
  nowMs: 1_700_000_000_000,
  uptimeSeconds: 90_000.5,
  loading: false,
  clients: {
    connected: 3,
    max: 10_000,
    blocked: 0,
    inputBufferBytes: 0,
    outputBufferBytes: 0,
    received: 9,
    refused: 0,
  },
  memory: {
    usedBytes: 1_572_864,
    peakBytes: 2_000_000,
    residentBytes: 3_145_728,
    maxmemoryBytes: 0,
    policy: 'noeviction',
    systemBytes: 8_000_000_000,
  },
  persistence: { healthy: true, lastSnapshotSeconds: 0 },
  replication: {
    role: 'master',
    replicationId: 'e'.repeat(40),
    offset: 12,
    primary: null,
    replicas: [{ host: 'r', port: 6379, online: true, offset: 11, lagSeconds: 0.4 }],
  },
  cpu: { userSeconds: 1.5, systemSeconds: 0.25 },
  statistics,
  denied: { auth: 1, command: 2, key: 3, channel: 0 },
  keyspace: { keys: 5, withExpiry: 1, expired: 2, evicted: 0, hits: 8, misses: 9 },
  holdfast: { durability: 'sync', commit_index: 12 },
};

test('INFO states the version, mode and width that test suites ask for', () => {
  const text = renderInfo(DATA, commands, []);
  for (const line of [
    'redis_version:7.2.4',
    'redis_mode:cluster',
    'arch_bits:64',
    'cluster_enabled:1',
    'uptime_in_seconds:90000',
    'used_memory_human:1.50M',
    'role:master',
    'slave0:ip=r,port=6379,state=online,offset=11,lag=0',
    'db0:keys=5,expires=1,avg_ttl=0',
    'durability:sync',
    'acl_access_denied_key:3',
  ]) {
    expect(text).toContain(`${line}\r\n`);
  }
  expect(text).not.toContain('# Commandstats');
});

test('INFO shows the sections asked for, in its own order', () => {
  statistics.calls[commands.byName('get')?.id ?? 0] = 4;
  statistics.microseconds[commands.byName('get')?.id ?? 0] = 10;
  statistics.countError('WRONGTYPE');
  expect(renderInfo(DATA, commands, ['KEYSPACE', 'cluster', 'nosuch'])).toBe(
    '# Cluster\r\ncluster_enabled:1\r\n\r\n# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=0\r\n',
  );
  expect(renderInfo(DATA, commands, ['commandstats'])).toBe(
    '# Commandstats\r\ncmdstat_get:calls=4,usec=10,usec_per_call=2.50,rejected_calls=0,failed_calls=0\r\n',
  );
  expect(renderInfo(DATA, commands, ['errorstats'])).toContain('errorstat_WRONGTYPE:count=1');
  const all = renderInfo(DATA, commands, ['everything']);
  expect(all.match(/# \w+/g)).toHaveLength(13);
});

test('INFO of a replica names its primary', () => {
  const replication = {
    ...DATA.replication,
    role: 'replica',
    primary: { host: 'p', port: 6379, up: true },
    replicas: [],
  } as const;
  const text = renderInfo({ ...DATA, replication }, commands, ['replication']);
  expect(text).toContain(
    'role:slave\r\nmaster_host:p\r\nmaster_port:6379\r\nmaster_link_status:up',
  );
});

test('bytes are shown as Redis shows them', () => {
  expect([0, 1023, 1024, 1_572_864, 5e12].map(humanBytes)).toEqual([
    '0B',
    '1023B',
    '1.00K',
    '1.50M',
    '4.55T',
  ]);
});

test('one range covers the key specs of a command as far as it can', () => {
  const range = (
    last: number,
    index: number,
    step = 1,
  ): Parameters<typeof legacyRange>[0][number] => ({
    flags: ['RO'],
    begin: { index },
    find: { last, step, limit: 0 },
  });
  expect(legacyRange([])).toEqual({ first: 0, last: 0, step: 0 });
  expect(legacyRange([range(-1, 1, 2)])).toEqual({ first: 1, last: -1, step: 2 });
  expect(legacyRange([range(0, 1), range(0, 2)])).toEqual({ first: 1, last: 2, step: 1 });
  expect(legacyRange([range(0, 1), range(-1, 2)])).toEqual({ first: 1, last: -1, step: 1 });
  expect(legacyRange([range(0, 1), range(0, 4)])).toEqual({ first: 0, last: 0, step: 0 });
});

test('COMMAND COUNT, LIST and DOCS agree about the commands there are', () => {
  const client = new TestHost().connect();
  expect(client.send('command', 'count')).toBe(`:${COMMANDS.length}\r\n`);
  const listed = client.send('command', 'list');
  for (const { name } of COMMANDS) expect(listed).toContain(`\r\n${name}\r\n`);
  expect(listed).toContain('\r\nclient|list\r\n');
  expect(client.send('command', 'docs').startsWith(`*${COMMANDS.length * 2}\r\n`)).toBe(true);
  expect(client.send('command').startsWith(`*${COMMANDS.length}\r\n`)).toBe(true);
  expect(client.send('command', 'list', 'filterby', 'pattern', 'hget*')).toBe(
    '*2\r\n$4\r\nhget\r\n$7\r\nhgetall\r\n',
  );
});

test('COMMAND DOCS tells what the specs say', () => {
  const client = new TestHost().connect();
  client.send('hello', 3);
  expect(client.send('command', 'docs', 'ECHO')).toBe(
    '%1\r\n$4\r\necho\r\n%5\r\n$7\r\nsummary\r\n$25\r\nReturns the given string.\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n' +
      '$5\r\ngroup\r\n$10\r\nconnection\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n$9\r\narguments\r\n*1\r\n%3\r\n' +
      '$4\r\nname\r\n$7\r\nmessage\r\n$4\r\ntype\r\n$6\r\nstring\r\n$12\r\ndisplay_text\r\n$7\r\nmessage\r\n',
  );
});

test('SET is a read of its key only with GET', () => {
  const client = new TestHost().connect();
  expect(client.send('command', 'getkeysandflags', 'set', 'k', 'v')).toBe(
    '*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+OW\r\n+update\r\n',
  );
  expect(client.send('command', 'getkeysandflags', 'set', 'k', 'v', 'get')).toBe(
    '*1\r\n*2\r\n$1\r\nk\r\n*3\r\n+RW\r\n+access\r\n+update\r\n',
  );
});

test('ACL shows users without their digests, and changes none', () => {
  const host = new TestHost([
    OPEN_USER,
    { ...OPEN_USER, name: 'app', noPassword: false, passwordSha256: ['f'.repeat(64)] },
  ]);
  const client = host.connect();
  expect(client.send('acl', 'whoami')).toBe('$7\r\ndefault\r\n');
  expect(client.send('acl', 'users')).toBe('*2\r\n$3\r\napp\r\n$7\r\ndefault\r\n');
  expect(client.send('acl', 'list')).toContain('user app on sanitize-payload ~* &* +@all\r\n');
  expect(client.send('acl', 'list') + client.send('acl', 'getuser', 'app')).not.toContain('fff');
  for (const name of ['setuser', 'deluser', 'load', 'save']) {
    expect(client.send('acl', name, 'x')).toBe(
      `-ERR unknown subcommand '${name}'. Try ACL HELP.\r\n`,
    );
  }
});

test('ACL LOG tells what was refused', () => {
  const host = new TestHost();
  const client = host.connect();
  client.send('auth', 'nobody', 'x');
  host.nowMs += 1500;
  const log = client.send('acl', 'log');
  expect(log).toContain('$6\r\nreason\r\n$4\r\nauth\r\n');
  expect(log).toContain('$8\r\nusername\r\n$6\r\nnobody\r\n');
  expect(log).toContain('$11\r\nage-seconds\r\n$3\r\n1.5\r\n');
  expect(client.send('acl', 'log', 'reset')).toBe('+OK\r\n');
  expect(client.send('acl', 'log')).toBe('*0\r\n');
});

test('TIME is the shard time', () => {
  const host = new TestHost();
  host.nowMs = 1_700_000_000_123;
  expect(host.connect().send('time')).toBe('*2\r\n$10\r\n1700000000\r\n$6\r\n123000\r\n');
});
