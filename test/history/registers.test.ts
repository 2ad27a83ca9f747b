import { expect, test } from 'vitest';
import { Registers } from './registers.ts';

function history(): Registers {
  const registers = new Registers();
  registers.writing('k', 1, 0).ackMs = 10;
  registers.writing('k', 2, 20).ackMs = 30;
  return registers;
}

test('a history with reads in order has no violations', () => {
  const registers = history();
  registers.read('k', 0, 0, 5);
  registers.read('k', 1, 11, 12);
  registers.read('k', 2, 21, 25);
  registers.read('k', 2, 31, 32);
  expect(registers.violations()).toEqual([]);
});

test('a read older than an acknowledged write is found', () => {
  const registers = history();
  registers.read('k', 1, 31, 32);
  expect(registers.violations()).toHaveLength(1);
});

test('a read that goes back behind an earlier read is found', () => {
  const registers = history();
  registers.read('k', 2, 21, 22);
  registers.read('k', 1, 23, 24);
  expect(registers.violations()).toHaveLength(1);
});

test('a value from nowhere or from the future is found', () => {
  const registers = history();
  registers.read('k', 7, 40, 41);
  registers.read('k', 2, 11, 12);
  expect(registers.violations()).toHaveLength(2);
});
