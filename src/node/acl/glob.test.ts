import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { utf8 } from '#base/bytes.ts';
import { globMatches } from './glob.ts';

function matches(pattern: string, string: string): boolean {
  const bytes = utf8(string);
  return globMatches(utf8(pattern), bytes, 0, bytes.length);
}

test.each([
  ['*', '', true],
  ['*', 'abc', true],
  ['', '', true],
  ['', 'a', false],
  ['a*', 'a', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-b-b-c-', false],
  ['h?llo', 'hello', true],
  ['h?llo', 'hllo', false],
  ['h[ae]llo', 'hallo', true],
  ['h[ae]llo', 'hillo', false],
  ['h[^e]llo', 'hello', false],
  ['h[^e]llo', 'hallo', true],
  ['h[a-c]llo', 'hbllo', true],
  ['h[c-a]llo', 'hbllo', true],
  ['h[\\]]llo', 'h]llo', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a\\', 'a\\', true],
  ['[abc', 'b', true],
  ['[abc', 'd', false],
  ['user:*:name', 'user:1:2:name', true],
])('pattern %j on %j is %s', (pattern, string, expected) => {
  expect(matches(pattern, string)).toBe(expected);
});

test('matching takes no time that grows with the number of stars to a power', () => {
  expect(matches('a*'.repeat(40) + 'b', 'a'.repeat(5000))).toBe(false);
});

test('a pattern of letters, ? and * agrees with the regular expression for it', () => {
  const random = new Prng(7);
  for (let round = 0; round < 3000; round++) {
    const pattern = word(random, 'ab?*', 6);
    const string = word(random, 'ab', 6);
    const regex = new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', '.*')}$`);
    expect([pattern, string, matches(pattern, string)]).toEqual([
      pattern,
      string,
      regex.test(string),
    ]);
  }
});

function word(random: Prng, letters: string, max: number): string {
  let out = '';
  for (let n = random.below(max + 1); n > 0; n--) out += letters[random.below(letters.length)];
  return out;
}
