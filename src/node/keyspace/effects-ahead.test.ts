import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { EffectsAhead } from './effects-ahead.ts';
import { Store } from './store.ts';
import { Driver } from './testing/driver.ts';
import { RandomChanges } from './testing/random-changes.ts';
import { Watches } from './watches.ts';

test('looking ahead goes from effect to effect, of every kind', () => {
  const driver = new Driver('primary');
  const changes = new RandomChanges(driver, new Prng(5), { keys: 30, elements: 40, drops: true });
  const ahead = new EffectsAhead(new Store([1, 2], new Watches()));
  for (let round = 0; round < 500; round++) {
    for (let step = 0; step < 20; step++) changes.change();
    driver.keyspace.nowMs += 20;
    const effects = driver.takeEffects();
    let at = 0;
    while (at < effects.length) {
      const next = ahead.read(effects, at, effects.length);
      expect(next).toBeGreaterThan(at);
      at = next;
    }
    expect(at).toBe(effects.length);
  }
});
