import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { Arena, ArenaFullError, CHUNK_SHIFT, LARGEST_CLASS_BYTES, UNIT_MASK } from './arena.ts';

const CHUNK_BYTES = 1 << 24;

interface Block {
  readonly address: number;
  readonly length: number;
  readonly mark: number;
}

/** Writes a mark at both ends of a block, so that blocks that overlap are seen. */
function mark(arena: Arena, { address, length, mark }: Block): void {
  const bytes = arena.bytes[address >>> CHUNK_SHIFT];
  const at = (address & UNIT_MASK) * 8;
  for (let i = 0; i < Math.min(length, 8); i++) {
    bytes[at + i] = mark;
    bytes[at + length - 1 - i] = mark;
  }
}

function isMarked(arena: Arena, { address, length, mark }: Block): boolean {
  const bytes = arena.bytes[address >>> CHUNK_SHIFT];
  const at = (address & UNIT_MASK) * 8;
  for (let i = 0; i < Math.min(length, 8); i++) {
    if (bytes[at + i] !== mark || bytes[at + length - 1 - i] !== mark) return false;
  }
  return true;
}

/** Checks and marks a block that was just allocated; its capacity. */
function checkNew(arena: Arena, block: Block): number {
  const { address, length } = block;
  const capacity = arena.capacity(address);
  expect(address).toBe(address | 0);
  expect(capacity).toBeGreaterThanOrEqual(length);
  expect(capacity).toBeLessThanOrEqual(Math.max(8, length + 8, length * 1.125));
  expect(arena.fits(address, length)).toBe(true);
  expect(arena.fits(address, capacity + 1)).toBe(false);
  mark(arena, block);
  return capacity;
}

function checkAndFree(arena: Arena, block: Block): void {
  expect(isMarked(arena, block), 'nobody wrote into the block').toBe(true);
  arena.free(block.address);
}

function drawLength(random: Prng): number {
  const kind = random.below(1000);
  if (kind < 800) return random.below(300);
  if (kind < 970) return random.below(20_000);
  if (kind < 995) return random.below(300_000);
  return random.below(6_000_000);
}

test('blocks keep to themselves, and when all are freed nothing is left', () => {
  for (const seed of [1, 2, 3]) {
    const random = new Prng(seed);
    // the chunks that are used go past 16 GiB, where addresses become negative
    const arena = new Arena(1021);
    const blocks: Block[] = [];
    let used = 0;
    let intact = true;
    for (let step = 0; step < 60_000; step++) {
      if (random.chance(blocks.length < 2000 ? 0.6 : 0.4)) {
        const block = { address: 0, length: drawLength(random), mark: step & 0xff };
        block.address = arena.alloc(block.length);
        used += checkNew(arena, block);
        blocks.push(block);
      } else if (blocks.length > 0) {
        const [block] = blocks.splice(random.below(blocks.length), 1);
        used -= arena.capacity(block.address);
        checkAndFree(arena, block);
      }
      if (step % 1000 === 0) intact &&= arena.usedBytes === used;
    }
    expect(intact, `seed ${seed}`).toBe(true);
    expect(blocks.some(({ address }) => address < 0)).toBe(true);
    for (const block of blocks) checkAndFree(arena, block);
    expect(arena.usedBytes).toBe(0);
    expect(arena.reservedBytes).toBeLessThanOrEqual(CHUNK_BYTES);
    arena.clear();
    expect(arena.reservedBytes).toBe(0);
  }
});

test('the memory of one class goes to another once its slabs are empty', () => {
  const arena = new Arena();
  const fill = (length: number): void => {
    const blocks: number[] = [];
    for (let left = 4 * CHUNK_BYTES; left > 0; left -= length) blocks.push(arena.alloc(length));
    for (const block of blocks) arena.free(block);
  };
  for (const length of [8, 64, 1000, 100_000, 3_000_000]) {
    fill(length);
    expect(arena.reservedBytes).toBeLessThanOrEqual(CHUNK_BYTES);
  }
  expect(arena.usedBytes).toBe(0);
});

test('a block above the largest class is given back to the system at once', () => {
  const arena = new Arena();
  const address = arena.alloc(LARGEST_CLASS_BYTES + 1);
  expect(arena.reservedBytes).toBe(LARGEST_CLASS_BYTES + 8);
  expect(arena.usedBytes).toBe(arena.reservedBytes);
  const buffer = arena.bytes[address >>> CHUNK_SHIFT].buffer as ArrayBuffer;
  arena.free(address);
  expect(buffer.detached).toBe(true);
  expect(arena.reservedBytes).toBe(0);
  expect(arena.alloc(LARGEST_CLASS_BYTES + 1)).toBe(address);
});

test('when the addresses are used up, alloc fails with a code and changes nothing', () => {
  const arena = new Arena(2046, 2048);
  const blocks: number[] = [];
  const fill = (): void => {
    for (;;) blocks.push(arena.alloc(1 << 20));
  };
  expect(fill).toThrow(ArenaFullError);
  expect(blocks.length).toBe(32);
  expect(new ArenaFullError('').code).toBe('ARENA_FULL');
  expect(() => arena.alloc(LARGEST_CLASS_BYTES + 1)).toThrow(ArenaFullError);
  expect(() => arena.alloc(8)).toThrow(ArenaFullError);
  expect(arena.usedBytes).toBe(32 << 20);
  expect(new Set(blocks).size).toBe(32);
  for (const block of blocks.splice(0)) arena.free(block);
  expect(fill).toThrow(ArenaFullError);
  expect(blocks.length).toBe(32);
});

test('moving sparse blocks, a few times over, gives most of an emptied memory back', () => {
  for (const seed of [4, 5]) {
    const random = new Prng(seed);
    const arena = new Arena();
    let blocks: number[] = [];
    const draw = (): number => (random.chance(0.8) ? random.below(200) : random.below(2000));
    for (let i = 0; i < 500_000; i++) blocks.push(arena.alloc(draw()));
    blocks = blocks.filter((block) => {
      const stays = random.chance(0.1);
      if (!stays) arena.free(block);
      return stays;
    });
    const { usedBytes } = arena;
    expect(arena.reservedBytes / usedBytes).toBeGreaterThan(5);
    let moved = 1;
    for (let pass = 0; pass < 4 && moved > 0; pass++) {
      moved = 0;
      blocks = blocks.map((block) => {
        if (!arena.isSparse(block)) return block;
        const next = arena.alloc(arena.capacity(block));
        arena.free(block);
        moved++;
        return next;
      });
    }
    expect(arena.usedBytes).toBe(usedBytes);
    expect(arena.reservedBytes).toBeLessThan(usedBytes * 1.2 + 3 * CHUNK_BYTES);
    // and then there is hardly a reason to move anything again
    expect(moved).toBeLessThan(blocks.length / 20);
    for (const block of blocks) arena.free(block);
    expect(arena.usedBytes).toBe(0);
    expect(arena.reservedBytes).toBeLessThanOrEqual(CHUNK_BYTES);
  }
});
