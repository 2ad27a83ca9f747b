/** WAIT and WAITAOF on a simulated shard: they count disks, block without polling, and survive no change of role. */
import { expect, test } from 'vitest';
import { ReplyError, type SimConnection } from './client.ts';
import type { SimMember } from './member.ts';
import { SimShard } from './shard.ts';

const UNBLOCKED = new ReplyError(
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
);

function pass(shard: SimShard, ms: number): void {
  shard.world.runUntil(shard.world.nowMs + ms);
}

interface Setting {
  readonly shard: SimShard;
  readonly primary: SimMember;
  readonly replica: SimMember;
  readonly log: SimMember;
  readonly client: SimConnection;
}

function setUp(seed: number, durability: 'sync' | 'async' = 'sync'): Setting {
  const shard = new SimShard({ seed, durability });
  const primary = shard.ready();
  pass(shard, 50);
  const replica = shard.members.find((place) => place.kind === 'data' && place !== primary);
  const log = shard.members.find((place) => place.kind === 'log');
  if (replica === undefined || log === undefined)
    throw new Error('two data members, one log member');
  return { shard, primary, replica, log, client: shard.connect(primary) };
}

test('a log member is no replica, and WAIT waits for the replica beyond the majority', () => {
  const { shard, replica, client } = setUp(1);
  replica.disk.stuck = true;
  client.command('SET', 'k', 'v');
  client.command('WAIT', '1', '0');
  client.command('PING');
  pass(shard, 500);
  expect(client.replies).toEqual(['OK']);
  replica.disk.stuck = false;
  pass(shard, 20);
  expect(client.replies).toEqual(['OK', 1, 'PONG']);
});

test('with sync WAITAOF tells whether the majority of a reply had the primary in it', () => {
  const { shard, primary, client } = setUp(2);
  primary.disk.stuck = true;
  client.command('SET', 'k', 'v');
  pass(shard, 50);
  client.command('WAITAOF', '0', '1', '0');
  client.command('WAITAOF', '1', '1', '0');
  pass(shard, 50);
  expect(client.replies).toEqual(['OK', [0, 1]]);
  primary.disk.stuck = false;
  pass(shard, 50);
  expect(client.replies).toEqual(['OK', [0, 1], [1, 1]]);
});

test('with async WAIT is what makes sure of a write', () => {
  const { shard, replica, log, client } = setUp(3, 'async');
  replica.disk.stuck = true;
  log.disk.stuck = true;
  client.command('SET', 'k', 'v');
  client.command('WAIT', '1', '200');
  client.command('WAITAOF', '1', '1', '0');
  pass(shard, 190);
  expect(client.replies).toEqual(['OK']);
  pass(shard, 20);
  expect(client.replies).toEqual(['OK', 0]);
  replica.disk.stuck = false;
  pass(shard, 20);
  expect(client.replies).toEqual(['OK', 0, [1, 1]]);
});

test('a write of the batch that is still open counts as nowhere', () => {
  const { shard, primary, client } = setUp(4, 'async');
  primary.disk.stuck = true;
  client.command('SET', 'a', '1');
  pass(shard, 20);
  client.command('SET', 'b', '1');
  client.command('WAIT', '0', '0');
  client.command('WAITAOF', '1', '1', '0');
  pass(shard, 50);
  expect(client.replies).toEqual(['OK', 'OK', 0]);
  primary.disk.stuck = false;
  pass(shard, 50);
  expect(client.replies.at(-1)).toEqual([1, 1]);
});

test('a connection that wrote nothing counts the replicas that are there', () => {
  const { shard, client } = setUp(5);
  client.command('WAIT', '1', '0');
  client.command('WAIT', '2', '50');
  pass(shard, 20);
  expect(client.replies).toEqual([1]);
  pass(shard, 60);
  expect(client.replies).toEqual([1, 1]);
});

test('it waits for its own writes, not for those of others', () => {
  const { shard, primary, replica, client } = setUp(6);
  client.command('SET', 'k', 'v');
  pass(shard, 20);
  replica.disk.stuck = true;
  const other = shard.connect(primary);
  for (let i = 0; i < 50; i++) {
    other.command('SET', `other${i}`, 'v');
    pass(shard, 3);
  }
  client.command('WAIT', '1', '0');
  pass(shard, 1);
  expect(client.replies).toEqual(['OK', 1]);
});

test('W5: without a lease it answers nothing', () => {
  const { shard, primary, client } = setUp(7, 'async');
  client.command('SET', 'k', 'v');
  pass(shard, 50);
  shard.network.isolate(
    primary.id,
    shard.members.map(({ id }) => id),
  );
  pass(shard, 165);
  client.command('WAIT', '1', '0');
  pass(shard, 10);
  expect(client.replies).toEqual(['OK']);
});

test('W6: a step-down unblocks it', async () => {
  const { shard, primary, replica, client } = setUp(8);
  client.command('WAIT', '2', '0');
  pass(shard, 10);
  const { raft } = primary.member ?? {};
  if (raft === undefined) throw new Error('it runs');
  const request = { configIndex: raft.configIndex, term: raft.term, timeoutMs: 1000 };
  const done = primary.member?.handOver({ ...request, target: replica.id });
  pass(shard, 1000);
  await done;
  expect(client.replies).toEqual([UNBLOCKED]);
  client.command('WAIT', '0', '0');
  pass(shard, 10);
  expect(client.replies[1]).toBeInstanceOf(ReplyError);
  expect(client.closedByMember).toBe(false);
});

test('async: a connection whose writes may be lost is closed, so that WAIT never counts others for them', () => {
  const { shard, primary, client } = setUp(9, 'async');
  client.command('SET', 'kept', '1');
  const idle = shard.connect(primary);
  idle.command('GET', 'kept');
  pass(shard, 50);
  shard.network.isolate(
    primary.id,
    shard.members.map(({ id }) => id),
  );
  client.command('SET', 'k', 'lost');
  pass(shard, 5);
  expect(client.replies).toEqual(['OK', 'OK']);
  pass(shard, 2000);
  expect(client.closedByMember).toBe(true);
  expect(idle.closedByMember).toBe(false);
});

test('a blocked command is asked when a log got further on disk, and at its deadline, not in between', () => {
  const { shard, primary, replica, client } = setUp(11);
  const raft = primary.member?.raft;
  if (raft === undefined) throw new Error('it runs');
  replica.disk.stuck = true;
  client.command('SET', 'k', 'v');
  pass(shard, 50);
  const progress = raft.progress.bind(raft);
  let asked = 0;
  Object.assign(raft, {
    progress: () => {
      asked++;
      return progress();
    },
  });
  client.command('WAIT', '1', '400');
  pass(shard, 390);
  expect(asked).toBe(1);
  pass(shard, 20);
  expect(client.replies).toEqual(['OK', 0]);
  client.command('WAIT', '1', '0');
  pass(shard, 300);
  replica.disk.stuck = false;
  pass(shard, 20);
  expect(client.replies).toEqual(['OK', 0, 1]);
  expect(asked).toBeLessThan(10);
});

test('INFO counts who is blocked', () => {
  const { shard, primary, client } = setUp(10);
  client.command('WAIT', '2', '0');
  const other = shard.connect(primary);
  other.command('INFO', 'clients');
  pass(shard, 5);
  expect(other.replies[0]).toContain('blocked_clients:1\r\n');
  client.destroy();
  other.command('INFO', 'clients');
  pass(shard, 5);
  expect(other.replies[1]).toContain('blocked_clients:0\r\n');
});
