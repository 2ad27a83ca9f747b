import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { clusterMembers, memberCounts } from './members.ts';
import type { Member, Shape } from './members.ts';
import { assignZones, decideZoneSpread, judgeSpread, usableZones } from './zones.ts';
import type { PlacedVoter } from './zones.ts';

const THREE = ['zone-a', 'zone-b', 'zone-c'];

function shape(numShards: number, numReplicasPerShard: number, copies = 3): Shape {
  return { numShards, numReplicasPerShard, transactionLog: { copies } };
}

function placed(
  members: readonly Member[],
  zones: ReadonlyMap<string, string>,
): readonly PlacedVoter[] {
  return members.map((member) => ({ ...member, zone: zones.get(member.name) }));
}

function assign(of: Shape, zones: readonly string[], fixed = new Map<string, string>()) {
  const members = clusterMembers('shop', of);
  return { members, zones: assignZones(members, zones, fixed) };
}

const shapes = record({
  numShards: integer({ min: 1, max: 12 }),
  numReplicasPerShard: integer({ min: 0, max: 5 }),
  copies: constantFrom(3, 5, 7),
});

test('three shards with a replica each: first primaries in three zones, each shard over three', () => {
  const { members, zones } = assign(shape(3, 1), THREE);
  expect(members.map((member) => `${member.name} ${zones.get(member.name)}`)).toEqual([
    'shop-0001-001 zone-a',
    'shop-0001-002 zone-b',
    'shop-0001-l01 zone-c',
    'shop-0002-001 zone-c',
    'shop-0002-002 zone-a',
    'shop-0002-l01 zone-b',
    'shop-0003-001 zone-b',
    'shop-0003-002 zone-c',
    'shop-0003-l01 zone-a',
  ]);
});

test('with three zones or more no zone holds a majority of a shard', () => {
  assert(
    property(shapes, integer({ min: 3, max: 6 }), (of, numZones) => {
      const zoneNames = Array.from({ length: numZones }, (_, at) => `zone-${at}`);
      const whole = shape(of.numShards, of.numReplicasPerShard, of.copies);
      const { members, zones } = assign(whole, zoneNames);
      const { reason, availabilityMode } = judgeSpread(placed(members, zones));
      expect(reason).toBe('Spread');
      expect(availabilityMode).toBe(of.numReplicasPerShard > 0 ? 'MultiAZ' : 'SingleAZ');
    }),
  );
});

test('first primaries are spread evenly over the zones', () => {
  assert(
    property(shapes, integer({ min: 1, max: 6 }), (of, numZones) => {
      const zoneNames = Array.from({ length: numZones }, (_, at) => `zone-${at}`);
      const { members, zones } = assign(shape(of.numShards, of.numReplicasPerShard), zoneNames);
      const first = members.filter((member) => member.kind === 'data' && member.ordinal === 1);
      const counts = zoneNames.map(
        (zone) => first.filter((member) => zones.get(member.name) === zone).length,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
  );
});

test('growing and shrinking moves nobody and keeps the spread', () => {
  const sizes = record({
    numShards: integer({ min: 1, max: 6 }),
    numReplicasPerShard: integer({ min: 0, max: 5 }),
  });
  assert(
    property(array(sizes, { minLength: 2, maxLength: 6 }), (steps) => {
      let fixed = new Map<string, string>();
      for (const { numShards, numReplicasPerShard } of steps) {
        const { members, zones } = assign(shape(numShards, numReplicasPerShard), THREE, fixed);
        const moved = members.filter(
          ({ name }) => fixed.has(name) && zones.get(name) !== fixed.get(name),
        );
        expect(moved).toEqual([]);
        fixed = new Map(zones);
        const counts = memberCounts({ numReplicasPerShard, transactionLog: { copies: 3 } });
        expect(zones.size).toBe(numShards * (counts.data + counts.log));
      }
    }),
  );
});

test('the second replica goes to the zone that the log member leaves free for data', () => {
  const { zones } = assign(shape(1, 1), THREE);
  const grown = assign(shape(1, 2), THREE, new Map(zones));
  expect([...grown.zones.entries()]).toEqual([
    ['shop-0001-001', 'zone-a'],
    ['shop-0001-002', 'zone-b'],
    ['shop-0001-003', 'zone-c'],
  ]);
});

test('the largest cluster is placed within a second', () => {
  const { zones } = assign(shape(83, 5, 7), ['a', 'b', 'c', 'd']);
  expect(zones.size).toBe(83 * 7);
});

test('without zones nobody has one', () => {
  expect(assign(shape(1, 1), []).zones.size).toBe(0);
});

test('the spread that the spec leaves open is decided by the zones there are', () => {
  expect(decideZoneSpread(undefined, THREE)).toBe('Required');
  expect(decideZoneSpread(undefined, THREE.slice(1))).toBe('Preferred');
  expect(decideZoneSpread(undefined, [])).toBe('Disabled');
  expect(decideZoneSpread('Disabled', THREE)).toBe('Disabled');
});

test('the zones of the spec come before those of the nodes, each once, in order', () => {
  expect(usableZones([], ['zone-b', '', 'zone-a', 'zone-b'])).toEqual(['zone-a', 'zone-b']);
  expect(usableZones(['zone-c'], ['zone-a'])).toEqual(['zone-c']);
});

test('a shard with its majority in one zone is not spread', () => {
  const voter = (name: string, zone: string | undefined): PlacedVoter => ({
    name,
    shard: '0001',
    kind: 'data',
    zone,
  });
  const judge = (...zones: (string | undefined)[]) =>
    judgeSpread(zones.map((zone, at) => voter(`m${at}`, zone)));
  expect(judge('a', 'a', 'b')).toMatchObject({
    reason: 'TooFewZones',
    availabilityMode: 'SingleAZ',
  });
  expect(judge('a', 'a', 'b', 'c', 'a').reason).toBe('Concentrated');
  expect(judge('a', 'b', 'c')).toMatchObject({ reason: 'Spread', availabilityMode: 'MultiAZ' });
  expect(judge('a', 'b', undefined).reason).toBe('ZonesUnknown');
  expect(judge().reason).toBe('ZonesUnknown');
});
