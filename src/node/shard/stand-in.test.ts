import { expect, test } from 'vitest';
import { standInOf } from './stand-in.ts';

const CANDIDATES = ['a', 'b', 'c'];

test.each([
  { why: 'who is asked, during an election', last: 'a', self: 'b', electing: true, standIn: 'b' },
  { why: 'the last primary, when it lasts', last: 'a', self: 'b', electing: false, standIn: 'a' },
  { why: 'another, if it was this', last: 'a', self: 'a', electing: false, standIn: 'b' },
  { why: 'another, if none was', last: '', self: 'a', electing: false, standIn: 'b' },
  { why: 'another, if that is gone', last: 'x', self: 'b', electing: false, standIn: 'a' },
  { why: 'a voter, for a learner', last: 'a', self: 'x', electing: true, standIn: 'a' },
])('without a primary stands $why', ({ last, self, electing, standIn }) => {
  expect(standInOf(CANDIDATES, last, self, electing)).toBe(standIn);
});

test('who is alone stands for itself', () => {
  expect(standInOf(['a'], 'a', 'a', false)).toBe('a');
  expect(standInOf([], 'a', 'a', true)).toBe('');
});
