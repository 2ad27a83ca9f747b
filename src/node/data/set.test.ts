import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { Arena } from './arena.ts';
import { SetValue } from './set.ts';

function members(set: SetValue, root: number): string[] {
  const out: string[] = [];
  set.open(root);
  for (let more = set.first(); more; more = set.next()) {
    out.push(latin1(set.member.bytes, set.member.start, set.member.end));
  }
  return out;
}

test('a set is a set, small and large', () => {
  for (const [seed, names, steps] of [
    [1, 40, 3000],
    [2, 300, 5000],
    [3, 150_000, 250_000],
  ]) {
    const random = new Prng(seed);
    const arena = new Arena();
    const set = new SetValue(arena, [seed, 7]);
    const model = new Set<string>();
    let root = set.create();
    for (let step = 0; step < steps; step++) {
      const name = `m${random.below(names)}`;
      const bytes = fromLatin1(name);
      invariant(
        set.contains(root, bytes, 0, bytes.length) === model.has(name),
        'contains is right',
      );
      if (random.chance(0.65)) {
        invariant(set.add(root, bytes, 0, bytes.length) !== model.has(name), 'add is right');
        model.add(name);
      } else {
        invariant(
          set.remove(root, bytes, 0, bytes.length) === model.delete(name),
          'remove is right',
        );
      }
      root = set.root;
    }
    expect(members(set, root).toSorted(), `seed ${seed}`).toEqual([...model].toSorted());
    expect(set.size).toBe(model.size);
    for (const name of model) {
      invariant(set.has(fromLatin1(name), 0, name.length), `${name} is there`);
      set.remove(root, fromLatin1(name), 0, name.length);
      root = set.root;
      set.open(root);
    }
    expect([set.size, set.first()]).toEqual([0, false]);
    expect(set.freeSlice(root, 10)).toBe(0);
    expect(arena.usedBytes).toBe(0);
  }
});

test('looking into another set does not move the position', () => {
  const arena = new Arena();
  const set = new SetValue(arena, [1, 2]);
  const build = (count: number): number => {
    let root = set.create();
    for (let i = 0; i < count; i++) {
      set.add(root, fromLatin1(`${i}`), 0, `${i}`.length);
      root = set.root;
    }
    return root;
  };
  const [small, large] = [build(20), build(2000)];
  for (const [one, other, size, common] of [
    [small, large, 20, 20],
    [large, small, 2000, 20],
  ]) {
    set.open(one);
    let seen = 0;
    let both = 0;
    for (let more = set.first(); more; more = set.next()) {
      seen++;
      const { bytes, start, end } = set.member;
      if (set.contains(other, bytes, start, end)) both++;
    }
    expect([seen, both]).toEqual([size, common]);
  }
});

test('a copy and a walk of a set have all members, and a slice frees some', () => {
  for (const size of [30, 1000]) {
    const arena = new Arena();
    const set = new SetValue(arena, [3, 4]);
    let root = set.create();
    for (let i = 0; i < size; i++) {
      set.add(root, fromLatin1(`${i}`), 0, `${i}`.length);
      root = set.root;
    }
    const copy = set.copy(root);
    expect(set.isPacked(copy)).toBe(size === 30);
    expect(set.memoryBytes(copy)).toBeLessThanOrEqual(set.memoryBytes(root));
    while (root !== 0) root = set.freeSlice(root, 100);
    expect(members(set, copy).length).toBe(size);
    let visited = 0;
    for (let cursor = -1; cursor !== 0; ) {
      cursor = set.scan(Math.max(cursor, 0), 10, () => visited++);
    }
    expect(visited).toBe(size);
    expect(set.compactSlice(copy, 0, 10_000)).toBe(0);
    expect(set.freeSlice(set.root, size)).toBe(0);
    expect(arena.usedBytes).toBe(0);
  }
});
