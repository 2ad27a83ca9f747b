import { expect, test } from 'vitest';
import { latin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { Arena, ArenaFullError } from './arena.ts';
import { List } from './list.ts';
import { HEADER, ListBlocks, NODE_BYTES } from './list-blocks.ts';

const LEAST_PAIR = NODE_BYTES / 2;

/** A list and the array that it should be; every change is made to both. */
class Pair {
  readonly arena: Arena;
  readonly list: List;
  readonly blocks: ListBlocks;
  model: string[] = [];
  root: number;

  constructor(arena: Arena) {
    this.arena = arena;
    this.list = new List(arena);
    this.blocks = new ListBlocks(arena);
    this.root = this.list.create();
  }

  push(atHead: boolean, text: string): void {
    const bytes = toBytes(text);
    this.list.push(this.root, atHead, bytes, 3, bytes.length);
    this.root = this.list.root;
    if (atHead) this.model.unshift(text);
    else this.model.push(text);
  }

  pop(atHead: boolean): void {
    this.list.pop(this.root, atHead);
    this.root = this.list.root;
    if (atHead) this.model.shift();
    else this.model.pop();
  }

  insert(index: number, text: string): void {
    const bytes = toBytes(text);
    this.list.insert(this.root, index, bytes, 3, bytes.length);
    this.root = this.list.root;
    this.model.splice(index, 0, text);
  }

  replace(index: number, text: string): void {
    const bytes = toBytes(text);
    this.list.replace(this.root, index, bytes, 3, bytes.length);
    this.root = this.list.root;
    this.model[index] = text;
  }

  removeRange(from: number, count: number): void {
    this.list.removeRange(this.root, from, count);
    this.root = this.list.root;
    this.model.splice(from, count);
  }

  removeEqual(text: string, maxCount: number, fromTail: boolean): void {
    const bytes = toBytes(text);
    const removed = this.list.removeEqual(this.root, bytes, 3, bytes.length, maxCount, fromTail);
    this.root = this.list.root;
    let expected = 0;
    if (fromTail) this.model.reverse();
    this.model = this.model.filter((e) => e !== text || expected === maxCount || ++expected === 0);
    if (fromTail) this.model.reverse();
    must(removed === expected, `${removed} removed, not ${expected}`);
  }

  check(): void {
    expectSame(read(this.list, this.root), this.model);
    expectSame(readBackward(this.list, this.root), this.model.toReversed());
    checkStructure(this.arena, this.blocks, this.root);
  }
}

/** In how many pages of 64 KiB the elements begin. */
function pages(list: List, root: number): number {
  const seen = new Map<Uint8Array, Set<number>>();
  list.open(root);
  for (let more = list.seek(0); more; more = list.next()) {
    const { bytes, start } = list.element;
    seen.set(bytes, (seen.get(bytes) ?? new Set<number>()).add(start >>> 16));
  }
  return [...seen.values()].reduce((sum, set) => sum + set.size, 0);
}

/** As toEqual, but says only where the first difference is. */
function expectSame(actual: string[], expected: string[]): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.findIndex((text, i) => text !== expected[i])).toBe(-1);
}

/** The bytes of `text` after three others: that what is given need not begin at 0. */
function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length + 3);
  for (let i = 0; i < text.length; i++) bytes[i + 3] = text.charCodeAt(i);
  return bytes;
}

function shown(list: List): string {
  return latin1(list.element.bytes, list.element.start, list.element.end);
}

function read(list: List, root: number): string[] {
  const out: string[] = [];
  list.open(root);
  for (let more = list.seek(0); more; more = list.next()) out.push(shown(list));
  expect(list.size).toBe(out.length);
  return out;
}

function readBackward(list: List, root: number): string[] {
  const out: string[] = [];
  list.open(root);
  for (let more = list.seek(list.size - 1); more; more = list.previous()) out.push(shown(list));
  return out;
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`wrong: ${what}`);
}

/** Fails when counts, links, sizes or the fill of blocks are not what list.ts says. */
function checkStructure(arena: Arena, blocks: ListBlocks, root: number): void {
  if (blocks.word(root, 1) === 0) {
    must(blocks.word(root, 0) === blocks.count(root), 'count of a packed list');
    checkBlock(arena, blocks, root);
    return;
  }
  let count = 0;
  let previous = 0;
  let before = Infinity;
  const tail = blocks.word(root, 3);
  for (let node = blocks.word(root, 2); node !== 0; node = blocks.word(node, 1)) {
    expect(blocks.word(node, 0)).toBe(previous);
    checkBlock(arena, blocks, node);
    must(blocks.word(root, 0) === 0 || blocks.count(node) > 0, 'an empty node');
    count += blocks.count(node);
    must(node === tail || before + blocks.used(node) > LEAST_PAIR, 'two small neighbours');
    before = previous === 0 ? Infinity : blocks.used(node);
    previous = node;
  }
  expect(tail).toBe(previous);
  expect(blocks.word(root, 0)).toBe(count);
}

function checkBlock(arena: Arena, blocks: ListBlocks, block: number): void {
  let offset = blocks.start(block);
  expect(offset).toBeGreaterThanOrEqual(HEADER);
  expect(blocks.end(block)).toBeLessThanOrEqual(blocks.capacity(block));
  expect(blocks.capacity(block)).toBeLessThanOrEqual(arena.capacity(block));
  let long = 0;
  for (let i = blocks.count(block); i > 0; i--) {
    const size = blocks.entryBytesAt(block, offset);
    if (blocks.longAt(block, offset) !== 0) long++;
    offset += size;
    expect(blocks.entryBytesBefore(block, offset)).toBe(size);
  }
  expect(offset).toBe(blocks.end(block));
  expect(long).toBe(blocks.longCount(block));
}

function freeAll(list: List, root: number, slice: number): void {
  for (let rest = root; rest !== 0; ) rest = list.freeSlice(rest, slice);
}

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

interface Shape {
  length(random: Prng): number;
  /** How many elements the list tends to. */
  target: number;
  steps: number;
}

const SHAPES: Record<string, Shape> = {
  small: { length: (random) => random.below(12), target: 12, steps: 6000 },
  packedToLarge: { length: (random) => random.below(120), target: 80, steps: 6000 },
  many: { length: (random) => random.below(30), target: 4000, steps: 12_000 },
  middle: { length: (random) => random.below(1100), target: 60, steps: 5000 },
  aroundTheLimits: {
    length: (random) => [0, 252, 253, 254, 255, 256, 1023, 1024, 1025][random.below(9)],
    target: 50,
    steps: 5000,
  },
  long: {
    length: (random) => (random.chance(0.4) ? random.below(9000) : random.below(20)),
    target: 300,
    steps: 3000,
  },
};

/** A text that is often the same as another of its length. */
function draw(random: Prng, shape: Shape): string {
  return String.fromCharCode(97 + random.below(3)).repeat(shape.length(random));
}

function step(pair: Pair, random: Prng, shape: Shape): void {
  const size = pair.model.length;
  const grow = random.chance(size < shape.target ? 0.6 : 0.4);
  const kind = random.below(20);
  const index = random.below(size + 1);
  if (kind < 8) {
    if (grow) pair.push(random.chance(0.5), draw(random, shape));
    else pair.pop(random.chance(0.5));
  } else if (kind < 13) {
    if (grow) pair.insert(index, draw(random, shape));
    else pair.removeRange(index, 1);
  } else if (kind < 17) {
    if (size > 0) pair.replace(random.below(size), draw(random, shape));
  } else if (kind === 17 && random.chance(0.2)) {
    pair.removeRange(index, random.below(1 + (size >> 2)));
  } else if (kind === 18 && random.chance(0.1)) {
    const most = random.chance(0.3) ? Infinity : 1 + random.below(5);
    pair.removeEqual(draw(random, shape), most, random.chance(0.5));
  } else if (size > 0) {
    const at = random.below(size);
    pair.list.open(pair.root);
    must(pair.list.seek(at) && shown(pair.list) === pair.model[at], `element ${at}`);
  }
}

/** Random changes of a list and of an array, with all comparisons on the way. */
function follow(random: Prng, shape: Shape): void {
  const arena = new Arena();
  const pair = new Pair(arena);
  for (let i = 0; i < shape.steps; i++) {
    step(pair, random, shape);
    if (i % 100 === 0) pair.check();
  }
  pair.check();
  const copy = pair.list.copy(pair.root);
  const model = [...pair.model];
  while (pair.model.length > 0) pair.pop(random.chance(0.5));
  pair.check();
  freeAll(pair.list, pair.root, 5);
  expectSame(read(pair.list, copy), model);
  checkStructure(arena, pair.blocks, copy);
  freeAll(pair.list, copy, 100);
  expect(arena.usedBytes).toBe(0);
}

function followFrom(seed: number, name: string): void {
  try {
    follow(new Prng(seed), SHAPES[name]);
  } catch (error) {
    throw new Error(`${name}: seed ${seed}`, { cause: error });
  }
}

test.each(Object.keys(SHAPES))('a list is an array: %s', (name) => {
  followFrom(Math.floor(Math.random() * 2 ** 31), name);
});

test('the parts of a node that was split are merged with small neighbours', () => {
  followFrom(1_609_843_916, 'aroundTheLimits');
});

test('a copy is equal and does not change with its source', () => {
  for (const length of [3, 500, 5000]) {
    const arena = new Arena();
    const pair = new Pair(arena);
    for (let i = 0; i < 40; i++) pair.push(false, `${i}`.padEnd(length, '.'));
    const before = [...pair.model];
    const copy = pair.list.copy(pair.root);
    for (let i = 0; i < 40; i += 2) pair.replace(i, 'other');
    pair.removeRange(0, 7);
    expectSame(read(pair.list, copy), before);
    freeAll(pair.list, pair.root, 3);
    expectSame(read(pair.list, copy), before);
    freeAll(pair.list, copy, 3);
    expect(arena.usedBytes).toBe(0);
  }
});

test('elements may be of any length, in the packed form and in the large one', () => {
  const arena = new Arena();
  const pair = new Pair(arena);
  const lengths = [0, 1, 253, 254, 1024, 1025, 65_535, 65_536, 70_000, 5_000_000];
  for (const length of lengths) pair.push(false, 'x'.repeat(length));
  for (const length of lengths) pair.push(true, 'y'.repeat(length));
  pair.check();
  for (let i = 0; i < lengths.length; i++) pair.replace(i, 'z'.repeat(lengths[i]));
  pair.removeEqual('x'.repeat(70_000), Infinity, true);
  pair.insert(5, 'w'.repeat(4_500_000));
  pair.check();
  while (pair.model.length > 0) pair.pop(pair.model.length % 2 === 0);
  freeAll(pair.list, pair.root, 1);
  expect(arena.usedBytes).toBe(0);
});

test('a list of one small element takes one small block', () => {
  const arena = new Arena();
  const pair = new Pair(arena);
  pair.push(false, 'hello');
  expect(pair.list.isPacked(pair.root)).toBe(true);
  expect(arena.usedBytes).toBeLessThanOrEqual(48);
  expect(pair.list.memoryBytes(pair.root)).toBe(arena.usedBytes);
});

test('a queue does not grow, and what is left of a list that was longer takes little', () => {
  const arena = new Arena();
  const pair = new Pair(arena);
  for (let i = 0; i < 200; i++) pair.push(true, 'an element');
  for (let i = 0; i < 20_000; i++) {
    pair.push(true, 'an element');
    pair.pop(false);
  }
  expect(pair.list.isPacked(pair.root)).toBe(true);
  while (pair.model.length > 2) pair.pop(false);
  expect(arena.usedBytes).toBeLessThan(256);

  const large = new Pair(new Arena());
  for (let i = 0; i < 1000; i++) large.push(false, 'an element');
  for (let i = 0; i < 100_000; i++) {
    large.list.push(large.root, true, toBytes('an element'), 3, 13);
    large.list.pop(large.root, false);
  }
  large.check();
  expect(large.arena.usedBytes).toBeLessThan(5 * NODE_BYTES);
});

test('nodes that are thinned out in the middle are merged', () => {
  const arena = new Arena();
  const pair = new Pair(arena);
  for (let i = 0; i < 20_000; i++) pair.push(false, `element ${i}`);
  for (let i = 0; i < 18_000; i++) {
    const size = 20_000 - i;
    pair.list.removeRange(pair.root, (i * 7919) % size, 1);
    pair.model.splice((i * 7919) % size, 1);
  }
  pair.check();
  expect(arena.usedBytes).toBeLessThan(pair.model.length * 15 * 3);
  freeAll(pair.list, pair.root, 1000);
  expect(arena.usedBytes).toBe(0);
});

test('compaction keeps a list as it is and empties sparse memory', () => {
  for (const length of [200, 2000]) {
    const arena = new Arena();
    const others: Pair[] = [];
    for (let i = 0; i < 40; i++) others.push(new Pair(arena));
    for (let i = 0; i < 40 * 600; i++) others[i % 40].push(i % 3 === 0, `${i}`.padEnd(length, '-'));
    for (const pair of others) if (pair !== others[7]) freeAll(pair.list, pair.root, 1000);
    const pair = others[7];
    const held = pages(pair.list, pair.root);
    let cursor = 0;
    for (let pass = 0; pass < 4; pass++) {
      do {
        cursor = pair.list.compactSlice(pair.root, cursor, 50);
        pair.root = pair.list.root;
        if (pass === 0) {
          pair.pop(true);
          pair.push(false, 'meanwhile');
        }
      } while (cursor !== 0);
    }
    pair.check();
    expect(pages(pair.list, pair.root)).toBeLessThan(held / 4);
    freeAll(pair.list, pair.root, 1000);
    expect(arena.usedBytes).toBe(0);
  }
});

test('a large list of 200,000 is read by index, cut and freed in slices', () => {
  const arena = new Arena();
  const pair = new Pair(arena);
  const model: string[] = [];
  for (let i = 0; i < 200_000; i++) {
    const text = `value ${i}`;
    const bytes = toBytes(text);
    pair.list.push(pair.root, false, bytes, 3, bytes.length);
    pair.root = pair.list.root;
    model.push(text);
  }
  pair.model = model;
  const random = new Prng(11);
  for (let i = 0; i < 2000; i++) {
    const index = random.below(200_000);
    pair.list.open(pair.root);
    pair.list.seek(index);
    expect(shown(pair.list)).toBe(model[index]);
  }
  const estimate = pair.list.memoryBytes(pair.root);
  expect(Math.abs(estimate / arena.usedBytes - 1)).toBeLessThan(0.1);
  pair.removeRange(100, 199_000);
  pair.check();
  freeAll(pair.list, pair.root, 100);
  expect(arena.usedBytes).toBe(0);
});

test('a change that finds no memory leaves the list as it was', () => {
  const random = new Prng(21);
  for (const target of [0, 20, 3000]) {
    const arena = new Arena(1, 3);
    const pair = new Pair(arena);
    for (let i = 0; i < target; i++) pair.push(false, `${i}`.padEnd(150, '-'));
    const hog = fill(arena);
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const text = 'x'.repeat(random.below(random.chance(0.2) ? 3000 : 200));
      const index = random.below(pair.model.length + 1);
      const before = [...pair.model];
      try {
        if (index < pair.model.length && random.chance(0.5)) pair.replace(index, text);
        else if (random.chance(0.5)) pair.insert(index, text);
        else pair.push(random.chance(0.5), text);
        if (random.chance(0.1)) pair.removeRange(index, 3);
      } catch (error) {
        must(error instanceof ArenaFullError, 'another error');
        refused++;
        pair.root = pair.list.root;
        pair.model = before;
      }
      if (i % 50 === 0) pair.check();
    }
    pair.check();
    expect(refused).toBeGreaterThan(100);
    freeAll(pair.list, pair.root, 100);
    for (const block of hog) arena.free(block);
    expect(arena.usedBytes).toBe(0);
  }
});

test('a copy that finds no memory leaves nothing behind', () => {
  for (const longEvery of [3, 1000]) {
    const arena = new Arena(1, 3);
    const pair = new Pair(arena);
    for (let i = 0; i < 600; i++) pair.push(false, '-'.repeat(i % longEvery === 0 ? 3000 : i));
    const hog = fill(arena);
    let refused = 0;
    let copy = 0;
    while (copy === 0) {
      const before = arena.usedBytes;
      try {
        copy = pair.list.copy(pair.root);
      } catch (error) {
        must(error instanceof ArenaFullError, 'another error');
        refused++;
        must(arena.usedBytes === before, 'something is left');
        arena.free(hog.pop() ?? 0);
      }
    }
    expect(refused).toBeGreaterThan(5);
    expectSame(read(pair.list, copy), pair.model);
    checkStructure(arena, pair.blocks, copy);
    pair.check();
  }
});
