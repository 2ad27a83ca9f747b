import { expect, test } from 'vitest';
import { fromLatin1 } from '#base/bytes.ts';
import { globMatches } from './glob.ts';

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const [p, t] = [fromLatin1(pattern), fromLatin1(text)];
  return globMatches(p, 0, p.length, t, 0, t.length, { ignoreCase });
}

test('patterns match as in Redis', () => {
  const cases: [string, string, boolean][] = [
    ['*', 'anything', true],
    ['*', '', false],
    ['', '', true],
    ['', 'a', false],
    ['a', '', false],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h*llo', 'heeeello', true],
    ['h*llo', 'hllo', true],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-c]llo', 'hbllo', true],
    ['h[c-a]llo', 'hbllo', true],
    ['h[a-c]llo', 'hdllo', false],
    ['[\\]]', ']', true],
    ['[abc', 'b', true],
    ['[abc', 'd', false],
    ['[', 'x', false],
    ['[^', 'x', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a\\', 'a\\', true],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b', 'xxaxxbxx', false],
    ['a**', 'a', true],
    ['**a', 'a', true],
    ['abc', 'ABC', false],
    ['[\xe0-\xff]', '\xf0', true],
    ['[a-\xff]', '\xf0', false],
    ['[a-\xff]', '`', true],
  ];
  for (const [pattern, text, expected] of cases) {
    expect([pattern, text, matches(pattern, text)]).toEqual([pattern, text, expected]);
  }
  expect(matches('aB[c-d]', 'AbD', true)).toBe(true);
});

test('a pattern made to be slow is not', () => {
  expect(matches(`${'a*'.repeat(5000)}b`, 'a'.repeat(20000))).toBe(false);
});
