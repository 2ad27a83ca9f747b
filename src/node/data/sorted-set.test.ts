import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { Arena, ArenaFullError } from './arena.ts';
import { ScoreNodes } from './score-nodes.ts';
import { LEAST_IN_INNER, LEAST_IN_LEAF } from './score-tree-path.ts';
import { SortedSet } from './sorted-set.ts';

const HASH_SEED = [0x1234567, -77] as const;

interface Pair {
  member: string;
  score: number;
}

/** A sorted set and the map that it should be; every change is made to both. */
class Twin {
  readonly arena: Arena;
  readonly set: SortedSet;
  readonly model = new Map<string, number>();
  root: number;

  constructor(arena: Arena) {
    this.arena = arena;
    this.set = new SortedSet(arena, HASH_SEED);
    this.root = this.set.create();
  }

  add(member: string, score: number): void {
    const bytes = fromLatin1(`..${member}`);
    const before = this.model.get(member);
    let expected = 'updated';
    if (before === undefined) expected = 'added';
    else if (before === score) expected = 'unchanged';
    const outcome = this.set.add(this.root, score, bytes, 2, bytes.length);
    if (outcome !== expected) throw new Error(`add of ${member}: ${outcome}, not ${expected}`);
    if (!Object.is(this.set.scoreBefore, before ?? Number.NaN)) throw new Error('scoreBefore');
    this.root = this.set.root;
    this.model.set(member, score + 0);
  }

  remove(member: string): void {
    const bytes = fromLatin1(`..${member}`);
    const removed = this.set.remove(this.root, bytes, 2, bytes.length);
    if (removed !== this.model.delete(member)) throw new Error(`remove of ${member}: ${removed}`);
    this.root = this.set.root;
  }

  /** The members in order. */
  sorted(): Pair[] {
    const pairs = [...this.model].map(([member, score]) => ({ member, score }));
    return pairs.sort((a, b) => a.score - b.score || compare(a.member, b.member));
  }

  /** Compares all of it with the model, in both directions, and checks the structure. */
  check(): void {
    const sorted = this.sorted();
    expectSame(forward(this.set, this.root), sorted);
    expectSame(backward(this.set, this.root), sorted.toReversed());
    if (!this.set.isPacked(this.root)) checkTree(this.arena, this.root);
  }

  /** Compares ranks, scores and counts at some places. */
  probe(random: Prng): void {
    const { set } = this;
    const sorted = this.sorted();
    set.open(this.root);
    for (let i = 0; i < 30 && sorted.length > 0; i++) {
      const rank = random.below(sorted.length);
      const { member, score } = sorted[rank];
      const bytes = fromLatin1(member);
      same(set.rankOf(bytes, 0, bytes.length), rank);
      same(set.scoreIn(this.root, bytes, 0, bytes.length), score);
      same(set.find(bytes, 0, bytes.length), true);
      expectSame([shown(set)], [sorted[rank]]);
      same(set.seek(rank), true);
      expectSame([shown(set)], [sorted[rank]]);
      const bound = random.chance(0.8) ? score : score + 0.5;
      same(set.countBelow(bound, false), sorted.filter((p) => p.score < bound).length);
      same(set.countBelow(bound, true), sorted.filter((p) => p.score <= bound).length);
    }
    const absent = fromLatin1('absent');
    same(set.rankOf(absent, 0, absent.length), -1);
    same(set.find(absent, 0, absent.length), false);
    same(set.scoreIn(this.root, absent, 0, absent.length), Number.NaN);
    same(set.countBelow(-Infinity, false), 0);
    same(set.countBelow(Infinity, true), sorted.length);
    same(set.seek(sorted.length), false);
    same(set.seek(-1), false);
  }
}

function same(actual: unknown, expected: unknown): void {
  expect(actual).toBe(expected);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function shown(set: SortedSet): Pair {
  const { bytes, start, end } = set.member;
  return { member: latin1(bytes, start, end), score: set.score };
}

function forward(set: SortedSet, root: number): Pair[] {
  const out: Pair[] = [];
  set.open(root);
  for (let more = set.seek(0); more; more = set.next()) out.push(shown(set));
  expect(set.size).toBe(out.length);
  return out;
}

function backward(set: SortedSet, root: number): Pair[] {
  const out: Pair[] = [];
  set.open(root);
  for (let more = set.seek(set.size - 1); more; more = set.previous()) out.push(shown(set));
  return out;
}

/** In how many pages of 64 KiB the members begin. */
function pages(set: SortedSet, root: number): number {
  const seen = new Map<Uint8Array, Set<number>>();
  set.open(root);
  for (let more = set.seek(0); more; more = set.next()) {
    const { bytes, start } = set.member;
    seen.set(bytes, (seen.get(bytes) ?? new Set<number>()).add(start >>> 16));
  }
  return [...seen.values()].reduce((sum, set) => sum + set.size, 0);
}

/** As toEqual, but says only where the first difference is. */
function expectSame(actual: Pair[], expected: Pair[]): void {
  expect(actual.length).toBe(expected.length);
  const different = (pair: Pair, i: number): boolean =>
    pair.member !== expected[i].member || !Object.is(pair.score, expected[i].score);
  expect(actual.findIndex(different)).toBe(-1);
}

function freeAll(set: SortedSet, root: number, slice: number): void {
  for (let rest = root; rest !== 0; ) rest = set.freeSlice(rest, slice);
}

/** What a part of a tree holds: its first entry, how many entries, and the leaves in order. */
interface Part {
  first: number;
  firstScore: number;
  count: number;
}

/** Fails when counts, separators, links, order or the fill of nodes are not what score-tree.ts says. */
function checkTree(arena: Arena, root: number): void {
  const words = arena.words[root >>> 21];
  const at = (root & 0x1fffff) << 1;
  const nodes = new ScoreNodes(arena);
  const leaves: number[] = [];
  const whole = checkNode(nodes, words[at + 4], words[at + 5], true, true, leaves);
  must(whole.count === words[at], 'count of the root');
  for (let i = 0; i < leaves.length; i++) {
    must(nodes.previous(leaves[i]) === (leaves[i - 1] ?? 0), 'link to the previous leaf');
    must(nodes.next(leaves[i]) === (leaves[i + 1] ?? 0), 'link to the next leaf');
  }
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`wrong: ${what}`);
}

function checkNode(
  nodes: ScoreNodes,
  node: number,
  height: number,
  atLeft: boolean,
  atRight: boolean,
  leaves: number[],
): Part {
  const count = nodes.count(node);
  const inside = !atLeft && !atRight;
  must(nodes.isInner(node) === height > 0, 'height');
  if (height === 0) {
    must(count > 0 || (atLeft && atRight), 'an empty leaf');
    must(count >= LEAST_IN_LEAF || !inside, `a leaf of ${count}`);
    leaves.push(node);
    for (let i = 1; i < count; i++) {
      must(nodes.score(node, i - 1) <= nodes.score(node, i), 'order of scores');
    }
    return { first: nodes.entry(node, 0), firstScore: nodes.score(node, 0), count };
  }
  must(count >= 2, 'an inner node of one child');
  must(count >= LEAST_IN_INNER || !inside, `an inner node of ${count}`);
  const total: Part = { first: 0, firstScore: 0, count: 0 };
  for (let i = 0; i < count; i++) {
    const left = atLeft && i === 0;
    const right = atRight && i === count - 1;
    const part = checkNode(nodes, nodes.child(node, i), height - 1, left, right, leaves);
    must(nodes.below(node, i) === part.count, 'count below a child');
    if (i === 0) {
      total.first = part.first;
      total.firstScore = part.firstScore;
    } else {
      must(nodes.entry(node, i) === part.first, 'entry of a separator');
      must(nodes.score(node, i) === part.firstScore, 'score of a separator');
    }
    total.count += part.count;
  }
  return total;
}

const SCORES: Record<string, (random: Prng, i: number) => number> = {
  random: (random) => random.uint32() / 1000,
  few: (random) => random.below(5),
  equal: () => 1,
  ascending: (_, i) => i,
  descending: (_, i) => -i,
  special: (random) => [-Infinity, Infinity, 0, -0, 1e308, -1e-308, 0.1][random.below(7)],
};

interface Shape {
  members: number;
  steps: number;
  length(random: Prng): number;
}

const SHAPES: Record<string, Shape> = {
  packed: { members: 40, steps: 3000, length: (random) => random.below(20) },
  aroundPacked: { members: 130, steps: 4000, length: (random) => random.below(300) },
  large: { members: 9000, steps: 25_000, length: (random) => random.below(12) },
};

const CASES = Object.keys(SHAPES).flatMap((shape) =>
  Object.keys(SCORES).map((scores): [string, string] => [shape, scores]),
);

test.each(CASES)('a sorted set is a sorted map: %s, scores %s', (shapeName, scoresName) => {
  const shape = SHAPES[shapeName];
  const draw = SCORES[scoresName];
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = new Prng(seed);
  const arena = new Arena();
  const twin = new Twin(arena);
  const names = Array.from({ length: shape.members }, (_, i) =>
    `${random.below(1000)}-${i}`.padEnd(shape.length(random), 'xyz'),
  );
  let phase = 0.5;
  try {
    for (let i = 0; i < shape.steps; i++) {
      if (i % (shape.steps / 5) === 0) phase = [0.9, 0.3, 0.8, 0.5, 0.05][(i * 5) / shape.steps];
      const name = names[random.below(names.length)];
      if (random.chance(phase)) twin.add(name, draw(random, i));
      else twin.remove(name);
      if (i % (shape.steps / 20) === 0) {
        twin.check();
        twin.probe(random);
      }
    }
    const copy = twin.set.copy(twin.root);
    const before = twin.sorted();
    for (const name of twin.model.keys()) twin.remove(name);
    twin.check();
    for (let i = 0; i < 10; i++) twin.add(names[i], draw(random, i));
    twin.check();
    freeAll(twin.set, twin.root, 10);
    expectSame(forward(twin.set, copy), before);
    if (!twin.set.isPacked(copy)) checkTree(arena, copy);
    freeAll(twin.set, copy, 1000);
    expect(arena.usedBytes).toBe(0);
  } catch (error) {
    throw new Error(`${shapeName}, ${scoresName}: seed ${seed}`, { cause: error });
  }
});

test('countBelowMember counts by bytes when scores are equal', () => {
  for (const count of [50, 20_000]) {
    const twin = new Twin(new Arena());
    const random = new Prng(3);
    for (let i = 0; i < count; i++) twin.add(`${random.below(1_000_000)}`, 0);
    const members = twin.sorted().map((pair) => pair.member);
    twin.set.open(twin.root);
    for (let i = 0; i < 200; i++) {
      const bound = i % 2 === 0 ? members[random.below(members.length)] : `${random.below(2e6)}`;
      const bytes = fromLatin1(bound);
      const below = members.filter((m) => m < bound).length;
      const upTo = members.filter((m) => m <= bound).length;
      expect(twin.set.countBelowMember(bytes, 0, bytes.length, false)).toBe(below);
      expect(twin.set.countBelowMember(bytes, 0, bytes.length, true)).toBe(upTo);
    }
    expect(twin.set.countBelowMember(new Uint8Array(0), 0, 0, true)).toBe(0);
  }
});

test('-0 is the score 0', () => {
  const twin = new Twin(new Arena());
  twin.add('a', -0);
  twin.add('a', 0);
  twin.set.open(twin.root);
  twin.set.seek(0);
  expect(Object.is(twin.set.score, 0)).toBe(true);
});

test('members may be of any length', () => {
  const arena = new Arena();
  const twin = new Twin(arena);
  const lengths = [0, 1, 254, 255, 256, 65_535, 65_536, 70_000, 4_194_304, 5_000_000];
  for (const length of lengths) twin.add('m'.repeat(length), -length);
  twin.check();
  for (const length of lengths) twin.add('m'.repeat(length), length);
  twin.check();
  for (const length of lengths) twin.remove('m'.repeat(length));
  freeAll(twin.set, twin.root, 1);
  expect(arena.usedBytes).toBe(0);
});

test('growth at either end leaves full nodes behind', () => {
  for (const sign of [1, -1]) {
    const arena = new Arena();
    const twin = new Twin(arena);
    for (let i = 0; i < 100_000; i++) twin.add(`m${i}`, sign * i);
    twin.check();
    expect(twin.set.memoryBytes(twin.root) / arena.usedBytes).toBeCloseTo(1, 1);
    const words = arena.words[twin.root >>> 21];
    const leaves: number[] = [];
    const nodes = new ScoreNodes(arena);
    const at = (twin.root & 0x1fffff) << 1;
    checkNode(nodes, words[at + 4], words[at + 5], true, true, leaves);
    expect(leaves.length).toBeLessThan(100_000 / 83);
    // taken from the other end and from the same one, it stays in order
    for (let i = 0; i < 30_000; i++) twin.remove(`m${i}`);
    twin.check();
    for (let i = 99_999; i > 60_000; i--) twin.remove(`m${i}`);
    twin.check();
    freeAll(twin.set, twin.root, 5000);
    expect(arena.usedBytes).toBe(0);
  }
});

test('every member is drawn and walked over', () => {
  for (const count of [20, 1500]) {
    const twin = new Twin(new Arena());
    const random = new Prng(9);
    for (let i = 0; i < count; i++) twin.add(`m${i}`, i % 7);
    twin.set.open(twin.root);
    const drawn = new Set<string>();
    for (let i = 0; i < count * 20; i++) {
      twin.set.random(random);
      drawn.add(shown(twin.set).member);
    }
    expect(drawn.size).toBe(count);
    const walked: Pair[] = [];
    let cursor = 0;
    do {
      cursor = twin.set.scan(cursor, 10, () => walked.push(shown(twin.set)));
    } while (cursor !== 0);
    walked.sort((a, b) => a.score - b.score || compare(a.member, b.member));
    expectSame(walked, twin.sorted());
  }
});

test('a small sorted set takes one small block', () => {
  const arena = new Arena();
  const twin = new Twin(arena);
  twin.add('member', 1);
  expect(arena.usedBytes).toBeLessThanOrEqual(32);
  for (let i = 0; i < 63; i++) twin.add(`m${i}`, i);
  expect(twin.set.isPacked(twin.root)).toBe(true);
  expect(twin.set.memoryBytes(twin.root)).toBe(arena.usedBytes);
  expect(arena.usedBytes).toBeLessThan(64 * 15);
  twin.add('one more', 5);
  expect(twin.set.isPacked(twin.root)).toBe(false);
  twin.check();
});

test('compaction keeps a sorted set as it is and empties sparse memory', () => {
  const arena = new Arena();
  const twins = Array.from({ length: 8 }, () => new Twin(arena));
  for (let i = 0; i < 160_000; i++) twins[i % 8].add(`member ${i}`, (i * 7919) % 100_003);
  const twin = twins[3];
  for (const other of twins) if (other !== twin) freeAll(other.set, other.root, 1000);
  const held = pages(twin.set, twin.root);
  for (let pass = 0; pass < 4; pass++) {
    let cursor = 0;
    let step = 0;
    do {
      cursor = twin.set.compactSlice(twin.root, cursor, 300);
      twin.root = twin.set.root;
      if (pass === 0) twin.add(`new ${step++}`, step);
    } while (cursor !== 0);
    twin.check();
  }
  expect(pages(twin.set, twin.root)).toBeLessThan(held / 4);
  freeAll(twin.set, twin.root, 1000);
  expect(arena.usedBytes).toBe(0);
});

/** Takes all memory but what is left in open slabs; returns the blocks. */
function fill(arena: Arena): number[] {
  const blocks: number[] = [];
  for (const bytes of [1 << 22, 1 << 16, 1 << 14]) {
    try {
      for (;;) blocks.push(arena.alloc(bytes));
    } catch (error) {
      must(error instanceof ArenaFullError, 'another error');
    }
  }
  return blocks;
}

test('a change that finds no memory leaves the sorted set as it was', () => {
  const random = new Prng(22);
  for (const target of [0, 60, 5000]) {
    const arena = new Arena(1, 3);
    const twin = new Twin(arena);
    for (let i = 0; i < target; i++) twin.add(`${i}`.padEnd(100, '-'), random.below(1000));
    const hog = fill(arena);
    let refused = 0;
    for (let i = 0; i < 6000; i++) {
      const member = `${random.below(9000)}`.padEnd(
        100,
        random.chance(0.1) ? 'long'.repeat(99) : '-',
      );
      try {
        if (random.chance(0.1)) twin.remove(member);
        else twin.add(member, random.below(i < 3000 ? 1000 : 3));
      } catch (error) {
        must(error instanceof ArenaFullError, `another error: ${String(error)}`);
        refused++;
        twin.root = twin.set.root;
      }
      if (i % 300 === 0) twin.check();
    }
    twin.check();
    expect(refused).toBeGreaterThan(100);
    freeAll(twin.set, twin.root, 1000);
    for (const block of hog) arena.free(block);
    // nodes that were set aside for a change that failed are used by the next one
    expect(arena.usedBytes).toBeLessThan(16 * 1024);
  }
});

test('a copy that finds no memory leaves nothing behind', () => {
  const random = new Prng(23);
  const arena = new Arena(1, 3);
  const twin = new Twin(arena);
  for (let i = 0; i < 5000; i++) twin.add(`${i}`.padEnd(100, '-'), random.below(1000));
  const hog = fill(arena);
  let refused = 0;
  let copy = 0;
  while (copy === 0) {
    const before = arena.usedBytes;
    try {
      copy = twin.set.copy(twin.root);
    } catch (error) {
      must(error instanceof ArenaFullError, `another error: ${String(error)}`);
      refused++;
      // nodes that were set aside are used by the next one
      must(arena.usedBytes - before < 8 * 1024, 'something is left');
      arena.free(hog.pop() ?? 0);
    }
  }
  expect(refused).toBeGreaterThan(5);
  expectSame(forward(twin.set, copy), twin.sorted());
  checkTree(arena, copy);
  twin.check();
});
