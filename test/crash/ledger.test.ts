import { expect, test } from 'vitest';
import { Ledger } from './ledger.ts';

test('a history that could have happened one after another has no violations', () => {
  const ledger = new Ledger();
  ledger.incremented('c', ledger.floor('c'), 1);
  const before = ledger.floor('c');
  ledger.incremented('c', before, 3);
  // sent before the write above was acknowledged, and served before it
  ledger.read('c', before, 1);
  ledger.incremented('c', before, 2);
  ledger.wrote('u', 'x');
  ledger.found('u', 'x');
  expect(ledger.violations).toEqual([]);
  expect(ledger.acknowledgedWrites).toBe(4);
});

test('a lost write, a read that goes backwards, a second primary and half an EXEC are found', () => {
  const ledger = new Ledger();
  ledger.wrote('u', 'x');
  ledger.found('u', null);
  ledger.incremented('c', 0, 5);
  ledger.read('c', ledger.floor('c'), 4);
  ledger.incremented('c', 0, 5);
  ledger.incremented('c', ledger.floor('c'), 5);
  ledger.readPair('{p}a {p}b', 1, 2);
  expect(ledger.violations).toHaveLength(6);
});
