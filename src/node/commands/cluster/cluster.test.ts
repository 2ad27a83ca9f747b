import { expect, test } from 'vitest';
import { TestHost } from '#node/session/testing/host.ts';

const OWN = 'a'.repeat(40);
const REPLICA = 'c'.repeat(40);

test('CLUSTER NODES: a line each as Redis writes it', () => {
  const host = new TestHost();
  host.shards = [
    {
      ...host.shards[0],
      slots: [
        [0, 5],
        [7, 7],
      ],
    },
  ];
  expect(host.connect().send('cluster', 'nodes').split('\r\n')[1]).toBe(
    `${OWN} 10.0.0.1:6379@16379,shop-0001-001-0.shop-nodes.default.svc myself,master - 0 0 1 connected 0-5 7\n` +
      `${REPLICA} 10.0.0.2:6379@16379,shop-0001-002-0.shop-nodes.default.svc slave ${OWN} 0 0 1 connected\n`,
  );
});

test('CLUSTER NODES: a member that is down, and one without a name of its own', () => {
  const host = new TestHost();
  const [{ members }] = host.shards;
  host.shards = [
    {
      ...host.shards[0],
      members: [members[0], { ...members[1], host: '10.0.0.2', online: false }],
    },
  ];
  expect(host.connect().send('cluster', 'nodes')).toContain(
    `\n${REPLICA} 10.0.0.2:6379@16379 slave,fail ${OWN} 0 0 1 disconnected\n`,
  );
});

test('CLUSTER SLOTS: names first, addresses beside them', () => {
  const client = new TestHost().connect();
  const name = 'shop-0001-001-0.shop-nodes.default.svc';
  expect(client.send('cluster', 'slots')).toMatch(
    `*1\r\n*4\r\n:0\r\n:16383\r\n*4\r\n$${name.length}\r\n${name}\r\n:6379\r\n$40\r\n${OWN}\r\n*2\r\n$2\r\nip\r\n$8\r\n10.0.0.1\r\n*4\r\n`,
  );
});

test('CLUSTER SLOTS: a shard without a primary is left out', () => {
  const host = new TestHost();
  const [{ members }] = host.shards;
  host.shards = [{ ...host.shards[0], members: [{ ...members[0], role: 'replica' }] }];
  expect(host.connect().send('cluster', 'slots')).toBe('*0\r\n');
});

test('CLUSTER SHARDS: maps of slots and nodes', () => {
  const client = new TestHost().connect();
  client.send('hello', 3);
  const reply = client.send('cluster', 'shards');
  expect(
    reply.startsWith(
      '*1\r\n%2\r\n$5\r\nslots\r\n*2\r\n:0\r\n:16383\r\n$5\r\nnodes\r\n*2\r\n%8\r\n',
    ),
  ).toBe(true);
  expect(reply).toContain('$18\r\nreplication-offset\r\n:6\r\n$6\r\nhealth\r\n$6\r\nonline\r\n');
});

test('CLUSTER INFO, MYID, MYSHARDID, REPLICAS, COUNT-FAILURE-REPORTS', () => {
  const client = new TestHost().connect();
  const info = client.send('cluster', 'info');
  for (const line of [
    'state:ok',
    'slots_assigned:16384',
    'slots_ok:16384',
    'known_nodes:2',
    'size:1',
  ]) {
    expect(info).toContain(`cluster_${line}\r\n`);
  }
  expect(client.send('cluster', 'myid')).toBe(`$40\r\n${OWN}\r\n`);
  expect(client.send('cluster', 'myshardid')).toBe(`$40\r\n${'b'.repeat(40)}\r\n`);
  expect(client.send('cluster', 'replicas', OWN)).toContain(`${REPLICA} 10.0.0.2:6379@16379`);
  expect(client.send('cluster', 'replicas', REPLICA)).toBe(
    '-ERR The specified node is not a master\r\n',
  );
  expect(client.send('cluster', 'count-failure-reports', OWN)).toBe(':0\r\n');
});

test('what changes the cluster is unknown here', () => {
  const client = new TestHost().connect();
  for (const name of ['meet', 'forget', 'reset', 'failover', 'addslots', 'setslot', 'replicate']) {
    expect(client.send('cluster', name, 'x')).toBe(
      `-ERR unknown subcommand '${name}'. Try CLUSTER HELP.\r\n`,
    );
  }
});

test('keys of a slot are counted and named', () => {
  const client = new TestHost().connect();
  client.send('mset', '{a}1', 'x', '{a}2', 'y');
  const slot = client.send('cluster', 'keyslot', 'a').slice(1, -2);
  expect(client.send('cluster', 'countkeysinslot', slot)).toBe(':2\r\n');
  expect(client.send('cluster', 'getkeysinslot', slot, 1)).toMatch(/^\*1\r\n\$4\r\n\{a\}[12]\r\n$/);
});
