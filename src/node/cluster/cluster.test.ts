import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { SLOT_COUNT } from '#base/slot.ts';
import { decodeDescriptor, descriptorBytes } from './descriptor.ts';
import type { MemberDescriptor, ShardDescriptor, SlotRange } from './descriptor.ts';
import { Gossip } from './gossip.ts';
import { SlotMap, compareDescriptors, primaryOf } from './slot-map.ts';

const seed = Date.now() % 1_000_000;

function member(number: number, kind: 'data' | 'log' = 'data'): MemberDescriptor {
  return {
    memberId: number.toString(16).padStart(16, '0'),
    name: `shop-0001-00${number}`,
    kind,
    role: kind === 'log' ? 'log' : 'replica',
    state: 'online',
    peerHost: `host-${number}`,
    peerPort: 16379,
    endpoints:
      kind === 'log' ? [] : [{ listener: 'client', host: `höst-${number}`, port: 6379, tls: true }],
  };
}

function shard(name: string, slots: readonly SlotRange[], rest: Partial<ShardDescriptor> = {}) {
  const members = [member(1), member(2), member(3, 'log')];
  const descriptor: ShardDescriptor = {
    shard: name,
    term: 1,
    version: 1,
    primary: members[0].memberId,
    slots,
    members,
    ...rest,
  };
  return descriptor;
}

function randomDescriptor(random: Prng): ShardDescriptor {
  const slots: SlotRange[] = [];
  for (let at = random.below(4000); at < SLOT_COUNT && slots.length < 4; ) {
    const last = Math.min(SLOT_COUNT - 1, at + random.below(4000));
    slots.push({ first: at, last, epoch: random.below(4) });
    at = last + 1 + random.below(4000);
  }
  return shard(`000${random.below(4)}`, slots, {
    term: random.below(3),
    version: random.below(3),
    members: Array.from({ length: random.below(4) }, (_, index) => member(index)),
    primary: random.chance(0.5) ? '' : member(0).memberId,
  });
}

function stateOf(map: SlotMap): unknown {
  const owners: string[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) owners.push(map.ownerOf(slot)?.shard ?? '');
  return { descriptors: map.descriptors(), owners };
}

function shuffled<T>(items: readonly T[], random: Prng): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

test('a descriptor survives encoding, and equal bytes mean equal descriptors', () => {
  const random = new Prng(seed);
  for (let round = 0; round < 300; round++) {
    const descriptor = randomDescriptor(random);
    const bytes = descriptorBytes(descriptor);
    expect(decodeDescriptor(new ByteReader(bytes)), `seed ${seed}`).toEqual(descriptor);
  }
});

test('bytes that are cut off or changed never decode to something out of bounds', () => {
  const random = new Prng(seed);
  for (let round = 0; round < 1000; round++) {
    const bytes = descriptorBytes(randomDescriptor(random));
    const broken = bytes.slice(0, random.below(bytes.length));
    expect(() => decodeDescriptor(new ByteReader(broken)), `seed ${seed}`).toThrow(/./);
    bytes[4 + random.below(bytes.length - 4)] ^= 1 << random.below(8);
    expect(outcomeOf(bytes), `seed ${seed}`).toBe('fine');
  }
});

/** `fine` when `bytes` decode to what is within bounds, or fail with a code of ours. */
function outcomeOf(bytes: Uint8Array): string {
  try {
    const slots = decodeDescriptor(new ByteReader(bytes))?.slots ?? [];
    const inside = slots.every(({ first, last }) => first <= last && last < SLOT_COUNT);
    return inside ? 'fine' : 'slots out of bounds';
  } catch (error) {
    const { code = '' } = error as { code?: string };
    return ['TRUNCATED', 'DESCRIPTOR_MALFORMED'].includes(code) ? 'fine' : String(error);
  }
}

test('a descriptor of a later format is skipped, and what follows it is read', () => {
  const writer = new ByteWriter();
  writer.block(Uint8Array.of(99, 1, 2, 3));
  writer.raw(descriptorBytes(shard('0001', [])));
  const reader = new ByteReader(writer.copy());
  expect(decodeDescriptor(reader)).toBe(null);
  expect(decodeDescriptor(reader)?.shard).toBe('0001');
});

test('merging is commutative and idempotent: any order, any repetition, the same map', () => {
  const random = new Prng(seed);
  for (let round = 0; round < 30; round++) {
    const descriptors = Array.from({ length: 12 }, () => randomDescriptor(random));
    const [a, b] = [new SlotMap(), new SlotMap()];
    for (const descriptor of descriptors) a.apply(descriptor);
    for (const descriptor of shuffled([...descriptors, ...descriptors], random)) {
      b.apply(descriptor);
    }
    expect(stateOf(b), `seed ${seed} round ${round}`).toEqual(stateOf(a));
    for (const descriptor of descriptors) expect(a.apply(descriptor)).toBe(false);
  }
});

test('descriptors of one shard are totally ordered', () => {
  const random = new Prng(seed);
  for (let round = 0; round < 500; round++) {
    const [a, b, c] = [0, 1, 2].map(() => ({ ...randomDescriptor(random), shard: '0001' }));
    expect(Math.sign(compareDescriptors(a, b))).toBe(-Math.sign(compareDescriptors(b, a)) + 0);
    const [low, middle, high] = [a, b, c].sort(compareDescriptors);
    expect(compareDescriptors(low, middle), `seed ${seed}`).toBeLessThanOrEqual(0);
    expect(compareDescriptors(middle, high), `seed ${seed}`).toBeLessThanOrEqual(0);
    expect(compareDescriptors(low, high), `seed ${seed}`).toBeLessThanOrEqual(0);
  }
});

test('per shard the higher term wins, then the higher version; per slot the higher epoch', () => {
  const map = new SlotMap();
  expect(map.apply(shard('0001', [{ first: 0, last: 99, epoch: 1 }], { term: 2 }))).toBe(true);
  expect(map.apply(shard('0001', [], { term: 1, version: 9 }))).toBe(false);
  map.apply(shard('0002', [{ first: 50, last: 149, epoch: 2 }]));
  expect(map.ownerOf(49)?.shard).toBe('0001');
  expect(map.ownerOf(50)?.shard).toBe('0002');
  expect(map.ownerOf(150)).toBe(null);
  expect(map.rangesOf('0001')).toEqual([[0, 49]]);
  expect(map.rangesOf('0002')).toEqual([[50, 149]]);
  expect(map.currentEpoch()).toBe(2);
  // the source has dropped what the target took
  map.apply(shard('0001', [{ first: 0, last: 49, epoch: 1 }], { term: 2, version: 2 }));
  expect(map.rangesOf('0001')).toEqual([[0, 49]]);
});

test('coverage counts slots with an owner and slots whose owner has a primary', () => {
  const map = new SlotMap();
  expect(map.coverage()).toEqual({ owned: 0, served: 0, complete: false });
  map.apply(shard('0001', [{ first: 0, last: 8191, epoch: 1 }]));
  map.apply(shard('0002', [{ first: 8192, last: SLOT_COUNT - 1, epoch: 1 }], { primary: '' }));
  expect(map.coverage()).toEqual({ owned: SLOT_COUNT, served: 8192, complete: false });
  map.apply(shard('0002', [{ first: 8192, last: SLOT_COUNT - 1, epoch: 1 }], { version: 2 }));
  expect(map.coverage().complete).toBe(true);
  const without = shard('0003', [], { primary: '' });
  expect([...map.shards(), without].map((one) => primaryOf(one)?.name ?? '')).toEqual([
    member(1).name,
    member(1).name,
    '',
  ]);
});

test('a removed shard is remembered, so that old news of it are not believed, but not listed', () => {
  const map = new SlotMap();
  map.apply(shard('0001', [], { term: 5, members: [] }));
  expect(map.apply(shard('0001', [{ first: 0, last: 9, epoch: 9 }], { term: 4 }))).toBe(false);
  expect(map.shards()).toEqual([]);
  expect(map.descriptors()).toHaveLength(1);
});

/** Nodes whose messages wait in one queue, so that a test decides which arrive. */
class Town {
  readonly nodes = new Map<string, { map: SlotMap; gossip: Gossip; changes: number }>();
  queue: { from: string; to: string; bytes: Uint8Array }[] = [];
  readonly random: Prng;

  constructor(count: number, random: Prng) {
    this.random = random;
    const ids = Array.from({ length: count }, (_, index) => `node-${index}`);
    for (const id of ids) {
      const map = new SlotMap();
      const node = { map, changes: 0 };
      const gossip = new Gossip({
        map,
        random,
        intervalMs: 1000,
        fanout: 3,
        ports: {
          send: (to, bytes) => this.queue.push({ from: id, to, bytes }),
          linked: () => ids.filter((other) => other !== id),
          changed: () => entry.changes++,
        },
      });
      const entry = Object.assign(node, { gossip });
      this.nodes.set(id, entry);
    }
  }

  node(index: number) {
    const node = this.nodes.get(`node-${index}`);
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  /** Delivers everything, also the answers; `loss` of it vanishes. Returns how many messages went. */
  deliver(loss = 0): number {
    let count = 0;
    while (this.queue.length > 0) {
      const messages = shuffled(this.queue, this.random);
      this.queue = [];
      for (const { from, to, bytes } of messages) {
        count++;
        if (!this.random.chance(loss)) this.nodes.get(to)?.gossip.receive(from, bytes);
      }
      if (count > 100_000) throw new Error('messages go in circles');
    }
    return count;
  }
}

test('a change is told to every linked member at once, and only when it is news', () => {
  const town = new Town(5, new Prng(seed));
  const own = shard('0001', [{ first: 0, last: 100, epoch: 1 }]);
  town.node(0).gossip.publish(own);
  expect(town.deliver()).toBe(4);
  for (const { map } of town.nodes.values()) expect(map.ownerOf(5)?.shard).toBe('0001');
  expect(town.node(1).changes).toBe(1);
  expect(town.node(0).changes).toBe(0);
  town.node(0).gossip.publish(own);
  expect(town.queue).toEqual([]);
});

test('with most messages lost, everybody still learns everything', () => {
  const random = new Prng(seed);
  const town = new Town(12, random);
  for (let index = 0; index < 12; index++) {
    const name = `00${index + 10}`;
    const range = { first: index * 10, last: index * 10 + 9, epoch: 1 };
    town.node(index).gossip.publish(shard(name, [range], { term: index + 1 }));
  }
  town.deliver(0.95);
  const complete = (): boolean =>
    [...town.nodes.values()].every(({ map }) => map.descriptors().length === 12);
  let nowMs = 0;
  for (; nowMs < 60_000 && !complete(); nowMs += 1000) {
    for (const { gossip } of town.nodes.values()) gossip.tick(nowMs);
    town.deliver(0.6);
  }
  expect(complete(), `seed ${seed}`).toBe(true);
});

test('when nothing is new, a second costs each node a few digests and no descriptors', () => {
  const town = new Town(8, new Prng(seed));
  town.node(0).gossip.publish(shard('0001', []));
  town.deliver();
  for (const { gossip } of town.nodes.values()) gossip.tick(5000);
  expect(town.deliver()).toBe(8 * 3);
  for (const { gossip } of town.nodes.values()) gossip.tick(5500);
  expect(town.queue).toEqual([]);
});

test('a new link compares at once, both ways', () => {
  const town = new Town(2, new Prng(seed));
  town.node(0).map.apply(shard('0001', [], { term: 1 }));
  town.node(1).map.apply(shard('0002', [], { term: 7 }));
  town.node(0).gossip.linkUp('node-1');
  town.deliver();
  expect(town.node(0).map.descriptors()).toEqual(town.node(1).map.descriptors());
  expect(town.node(0).map.descriptors()).toHaveLength(2);
});

test('a malformed message is an error with a code and changes nothing', () => {
  const town = new Town(2, new Prng(seed));
  const { gossip, map } = town.node(0);
  expect(() => gossip.receive('node-1', Uint8Array.of(1, 255))).toThrow('bytes wanted');
  expect(() => gossip.receive('node-1', Uint8Array.of(2, 0, 0, 0, 0, 9))).toThrow('too many');
  gossip.receive('node-1', Uint8Array.of(77));
  expect(map.descriptors()).toEqual([]);
});
