import { expect, test } from 'vitest';
import { select } from './selection.ts';

const GROUPS = [
  {
    name: 'load',
    usual: ['get-p1', 'get-p16'],
    all: ['get-p1', 'get-p16', 'get-p16-1k', 'set-p1'],
  },
  { name: 'memory', usual: ['set'], all: ['set'] },
];

function chosen(selectors: string[], full = false): Record<string, string[]> {
  return Object.fromEntries(
    [...select(GROUPS, selectors, full)].map(([{ name }, cases]) => [name, cases]),
  );
}

test('without a name the usual cases run, with --full all', () => {
  expect(chosen([])).toEqual({ load: ['get-p1', 'get-p16'], memory: ['set'] });
  expect(chosen([], true)['load']).toHaveLength(4);
});

test('a name means one case, a beginning the usual ones, words stay whole', () => {
  expect(chosen(['load:get-p16'])).toEqual({ load: ['get-p16'] });
  expect(chosen(['load:get'])).toEqual({ load: ['get-p1', 'get-p16'] });
  expect(chosen(['load:get'], true)).toEqual({ load: ['get-p1', 'get-p16', 'get-p16-1k'] });
  expect(chosen(['load:get-p16-1k', 'memory'])).toEqual({ load: ['get-p16-1k'], memory: ['set'] });
  expect(chosen(['load:set'])).toEqual({ load: ['set-p1'] });
  expect(() => chosen(['load:get-p'])).toThrow('load: get-p1');
});
