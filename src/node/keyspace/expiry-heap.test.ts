import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { Arena, CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { ExpiryHeap } from './expiry-heap.ts';

test('the top is always the earliest, and every record knows its place', () => {
  for (const seed of [1, 2]) {
    const random = new Prng(seed);
    const arena = new Arena();
    const heap = new ExpiryHeap(arena);
    const model = new Map<number, number>();
    const records: number[] = [];
    let lost = false;
    const placeOf = (record: number): number =>
      arena.words[record >>> CHUNK_SHIFT][((record & UNIT_MASK) << 1) + 1] - 1;
    for (let step = 0; step < 60_000; step++) {
      const grows = random.chance(step < 35_000 ? 0.7 : 0.3);
      const record = records[random.below(Math.max(1, records.length))];
      if (grows || record === undefined) {
        const made = arena.alloc(16);
        heap.insert(made, random.below(1e9));
        model.set(made, heap.timeAt(placeOf(made)));
        records.push(made);
      } else if (random.chance(0.3)) {
        const time = random.below(1e9);
        heap.change(placeOf(record), time);
        model.set(record, time);
      } else {
        heap.remove(placeOf(record));
        lost ||= placeOf(record) !== -1;
        model.delete(record);
        records.splice(records.indexOf(record), 1);
        arena.free(record);
      }
      if (step % 500 !== 0) continue;
      for (const [one, time] of model) {
        lost ||= heap.recordAt(placeOf(one)) !== one || heap.timeAt(placeOf(one)) !== time;
      }
      const earliest = Math.min(...model.values());
      lost ||= model.size > 0 && heap.timeAt(0) !== earliest;
    }
    expect({ seed, lost }).toEqual({ seed, lost: false });
    let last = 0;
    while (heap.size > 0) {
      expect(heap.timeAt(0)).toBeGreaterThanOrEqual(last);
      last = heap.timeAt(0);
      heap.remove(0);
    }
  }
});
