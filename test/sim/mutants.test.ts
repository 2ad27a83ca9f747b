/** That the simulator notices planted bugs; `npm run sim:mutants` plants all of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catchMutant } from './catch.ts';
import { MUTANTS } from './mutants.ts';
import { substitute } from './plant.ts';

const root = join(import.meta.dirname, '..', '..');

test('every mutant still finds the text that it changes', () => {
  for (const mutant of MUTANTS) {
    for (const { file, find, replace } of mutant.patches) {
      const source = readFileSync(join(root, file), 'utf8');
      expect(substitute(mutant, file, source, find, replace)).not.toBe(source);
    }
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
