import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { Hazards } from './hazards.ts';

test('W2: a hazard lasts until its index is committed, whatever comes and goes beside it', () => {
  for (const seed of [1, 2, 3]) {
    const random = new Prng(seed);
    const hazards = new Hazards();
    const model = new Map<number, number>();
    let all = 0;
    let open = 1;
    let committed = 0;
    for (let step = 0; step < 40_000; step++) {
      const hash = random.below(20_000);
      if (random.chance(0.001)) hazards.raiseAll((all = open));
      else if (random.chance(0.6)) {
        hazards.raise(hash, open);
        model.set(hash, open);
      }
      if (random.chance(0.02)) open++;
      if (random.chance(0.02) && committed < open - 1) {
        committed += 1 + random.below(open - 1 - committed);
        hazards.committed(committed);
      }
      const probe = random.below(20_000);
      const raised = Math.max(model.get(probe) ?? 0, all);
      expect(hazards.ofKey(probe)).toBe(raised > committed ? raised : 0);
    }
  }
});

test('W2: a hazard over a slot ends with its commit', () => {
  const hazards = new Hazards();
  hazards.raiseSlot(7, 3);
  expect([hazards.anySlot, hazards.ofSlot(7), hazards.ofSlot(8)]).toEqual([true, 3, 0]);
  hazards.committed(2);
  expect(hazards.ofSlot(7)).toBe(3);
  hazards.committed(3);
  expect([hazards.anySlot, hazards.ofSlot(7)]).toEqual([false, 0]);
});

test('an effect in an entry that is committed already is a bug', () => {
  const hazards = new Hazards();
  hazards.committed(5);
  expect(() => hazards.raise(1, 5)).toThrow('invariant');
});
