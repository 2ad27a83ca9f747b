import { assert, constantFrom, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import {
  clusterMembers,
  memberCounts,
  memberName,
  parseMemberName,
  shardMembers,
  shardNames,
} from './members.ts';
import { equalSlotRanges, slotRangeText } from './slots.ts';

const copies = constantFrom(3, 5, 7);

test.each([
  [0, 3, 1, 2],
  [1, 3, 2, 1],
  [2, 3, 3, 0],
  [3, 3, 4, 1],
  [4, 3, 5, 0],
  [5, 3, 6, 1],
  [0, 5, 1, 4],
  [1, 7, 2, 5],
])(
  '%d replicas with %d log copies are %d data and %d log members',
  (replicas, least, data, log) => {
    const shape = { numReplicasPerShard: replicas, transactionLog: { copies: least } };
    expect(memberCounts(shape)).toEqual({ data, log });
  },
);

test('the voters of a shard are odd and at least as many as copies', () => {
  assert(
    property(integer({ min: 0, max: 5 }), copies, (numReplicasPerShard, least) => {
      const { data, log } = memberCounts({
        numReplicasPerShard,
        transactionLog: { copies: least },
      });
      expect((data + log) % 2).toBe(1);
      expect(data + log).toBeGreaterThanOrEqual(Math.max(3, least));
    }),
  );
});

test('a cluster of two shards with a replica each has these members', () => {
  const shape = { numShards: 2, numReplicasPerShard: 1, transactionLog: { copies: 3 } };
  expect(clusterMembers('shop', shape).map((member) => member.name)).toEqual([
    'shop-0001-001',
    'shop-0001-002',
    'shop-0001-l01',
    'shop-0002-001',
    'shop-0002-002',
    'shop-0002-l01',
  ]);
});

test('growing never renames a member', () => {
  assert(
    property(integer({ min: 1, max: 6 }), integer({ min: 0, max: 6 }), (data, log) => {
      const names = (counts: { data: number; log: number }): string[] =>
        shardMembers('shop', '0001', counts).map((member) => member.name);
      const grown = new Set(names({ data: data + 1, log: log + 1 }));
      expect(names({ data, log }).every((name) => grown.has(name))).toBe(true);
    }),
  );
});

test('a member name reads back, with any cluster name', () => {
  expect(parseMemberName('shop-0001-001')).toEqual({
    cluster: 'shop',
    name: 'shop-0001-001',
    shard: '0001',
    kind: 'data',
    ordinal: 1,
  });
  const name = memberName('a-0001-001', '0500', 'log', 2);
  expect(parseMemberName(name)).toMatchObject({
    cluster: 'a-0001-001',
    shard: '0500',
    kind: 'log',
  });
  expect(parseMemberName('shop-nodes')).toBe(undefined);
});

test('three shards divide the slots as redis-cli does', () => {
  expect(equalSlotRanges(3).map(slotRangeText)).toEqual(['0-5460', '5461-10922', '10923-16383']);
  expect(equalSlotRanges(1).map(slotRangeText)).toEqual(['0-16383']);
});

test('any number of shards has every slot once, in sizes that differ by at most one', () => {
  for (let numShards = 1; numShards <= 500; numShards++) {
    const ranges = equalSlotRanges(numShards);
    expect(ranges).toHaveLength(shardNames(numShards).length);
    expect([ranges[0][0], ranges.at(-1)?.[1]]).toEqual([0, 16383]);
    for (let at = 1; at < ranges.length; at++) expect(ranges[at][0]).toBe(ranges[at - 1][1] + 1);
    const sizes = ranges.map(([first, last]) => last - first + 1);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
});
