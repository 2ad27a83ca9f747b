import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyFile, parseKeys } from './key-file.ts';

const LINE_A = `key-a ${'0a'.repeat(32)}`;
const LINE_B = `key-b ${'0b'.repeat(32)}`;
const QUIET = { reloadMs: 1000, onRotated: () => {}, onError: () => {} };

let directory = '';

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-keys-'));
});

afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

test('a key file has one key a line, the first is for new files; anything else is told by its line', () => {
  const file = path.join(directory, 'keys');
  fs.writeFileSync(
    file,
    `# of 2030\r\n\n ${LINE_B}\r\n${LINE_A.toUpperCase().replace('KEY-A', 'key-a')}\n`,
  );
  expect(parseKeys(fs.readFileSync(file, 'utf8'), file).map(({ id }) => id)).toEqual([
    'key-b',
    'key-a',
  ]);
  const missing = { ...QUIET, file: path.join(directory, 'none') };
  expect(() => new KeyFile(missing)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  const bad: [string, string][] = [
    ['', 'no key'],
    ['# only words', 'no key'],
    [`${LINE_A}\nkey-b 0b`, 'line 2'],
    ['0a'.repeat(32), 'line 1'],
    [`key-a ${'0g'.repeat(32)}`, 'line 1'],
    [`key a ${'0a'.repeat(32)}`, 'line 1'],
    [`${'k'.repeat(65)} ${'0a'.repeat(32)}`, 'line 1'],
    [`${LINE_A}\n${LINE_A}`, 'line 2'],
  ];
  for (const [content, what] of bad) {
    const read = (): unknown => parseKeys(content, 'keys');
    expect(read).toThrow(expect.objectContaining({ code: 'KEY_FILE_INVALID' }));
    expect(read).toThrow(what);
    expect(read).not.toThrow('0a0a');
  }
});

/** A header as a file of this ring's present key has it. */
function headerOf({ ring }: KeyFile): Uint8Array {
  const header = new Uint8Array(4096);
  ring.newCipher()?.describe(header);
  return header;
}

test('a new first line encrypts new files without a restart; a line that is gone still reads', () => {
  const told: string[] = [];
  const file = path.join(directory, 'keys');
  fs.writeFileSync(file, LINE_A);
  const keys = new KeyFile({
    ...QUIET,
    file,
    onRotated: (keyId) => told.push(keyId),
    onError: ({ message }) => told.push(message),
  });
  const old = headerOf(keys);
  keys.poll();
  expect(told).toEqual([]);
  fs.writeFileSync(file, LINE_B);
  keys.poll();
  keys.poll();
  expect(told).toEqual(['key-b']);
  const now = headerOf(keys);
  expect(keys.ring.cipherOf(old, 'old')).not.toBeNull();
  expect(keys.ring.cipherOf(now, 'now')).not.toBeNull();
  fs.writeFileSync(file, LINE_A);
  const before = new KeyFile({ ...QUIET, file });
  expect(() => before.ring.cipherOf(now, 'now')).toThrow(
    expect.objectContaining({ code: 'KEY_MISSING', keyId: 'key-b' }),
  );
});

test('a key file that cannot be used changes nothing, and is told of once', () => {
  const told: string[] = [];
  const file = path.join(directory, 'keys');
  fs.writeFileSync(file, LINE_A);
  const keys = new KeyFile({ ...QUIET, file, onError: ({ message }) => told.push(message) });
  const changed = LINE_A.replace('0a', '0c');
  for (const [content, reason] of [
    ['', 'no key'],
    [`${LINE_B}\n${changed}`, 'another key than before under the id key-a'],
  ]) {
    fs.writeFileSync(file, content);
    keys.poll();
    keys.poll();
    expect(told.splice(0)).toEqual([expect.stringContaining(reason)]);
    expect(keys.ring.currentId).toBe('key-a');
  }
  fs.rmSync(file);
  keys.poll();
  expect(told.splice(0)).toEqual([expect.stringContaining('ENOENT')]);
  fs.writeFileSync(file, `${LINE_B}\n${LINE_A}`);
  keys.poll();
  expect(keys.ring.currentId).toBe('key-b');
});
