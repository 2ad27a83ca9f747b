import { expect, test } from 'vitest';
import { encryptionKeyProblem } from './encryption-key.ts';

const KEY = 'ab'.repeat(32);

test.each([
  ['one key', `2026-01 ${KEY}`],
  ['two keys and a line break at the end', `one ${KEY}\ntwo ${KEY}\n`],
  ['a comment and an empty line', `# made by hand\n\none ${KEY.toUpperCase()}`],
])('%s is good', (_, text) => {
  expect(encryptionKeyProblem(text)).toBeNull();
});

test.each([
  ['nothing', '\n', 'it has no line'],
  ['a key without an id', KEY, 'line 1 is not'],
  ['a short key', `one ${KEY}\ntwo ${KEY.slice(2)}`, 'line 2 is not'],
  ['the same id twice', `one ${KEY}\none ${KEY}`, 'the same key id'],
])('%s is refused, and not repeated', (_, text, why) => {
  const problem = encryptionKeyProblem(text);
  expect(problem).toContain(why);
  expect(problem).not.toContain('abab');
});
