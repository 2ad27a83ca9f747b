/** That the simulator notices planted bugs; `npm run sim:mutants` plants all of them. */
import { expect, test } from 'vitest';
import { catchMutant } from './catch.ts';
import { MUTANTS } from './mutants.ts';
import { patchedSources, substitute } from './plant.ts';

test('every mutant still finds the text that it changes', () => {
  for (const { name, patches } of MUTANTS) {
    const files = new Set(patches.map(({ file }) => file));
    expect(patchedSources(name).size).toBe(files.size);
  }
});

test('a mutant whose text is gone fails loudly', () => {
  const [mutant] = MUTANTS;
  expect(() => substitute(mutant, 'x.ts', 'nothing like it', 'some text', '')).toThrow('0 places');
});

test.each([
  ['ack before sync', 'R7'],
  ['reply before commit', 'W1'],
  ['hazard dropped with its key', 'W2'],
])('planted and caught: %s', async (name, rule) => {
  const { by } = await catchMutant(name, 1, 2);
  expect(by).toContain(rule);
});
