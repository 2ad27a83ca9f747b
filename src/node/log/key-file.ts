/**
 * The key file: a line `<keyId> <64 hexadecimal digits>` for each key; empty lines and lines that begin
 * with `#` do not count. The first key encrypts new files, the others are kept for reading: a key is
 * rotated by a new first line and a restart, and its line may go once no file names it any more.
 */
import { createSecretKey } from 'node:crypto';
import fs from 'node:fs';
import { type Key, KEY_ID_MAX_BYTES, KeyRing } from './cipher.ts';
import { KeyFileError } from './errors.ts';

const LINE = /^([A-Za-z0-9._-]+)[ \t]+([0-9a-fA-F]{64})$/;

/** Reads the keys in `file`. Throws {@link KeyFileError} or the system's error. */
export function readKeyFile(file: string): KeyRing {
  return new KeyRing(parseKeys(fs.readFileSync(file, 'utf8'), file));
}

/** The keys in `content`, which came from `file`. The error never shows key material. */
export function parseKeys(content: string, file: string): Key[] {
  const keys: Key[] = [];
  for (const [i, line] of content.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const match = LINE.exec(trimmed);
    if (match === null || match[1].length > KEY_ID_MAX_BYTES) {
      throw new KeyFileError(file, `line ${i + 1} is not a key id and 64 hexadecimal digits`);
    }
    const [, id, digits] = match;
    if (keys.some((key) => key.id === id)) {
      throw new KeyFileError(file, `line ${i + 1} has the key id ${id} again`);
    }
    keys.push({ id, secret: createSecretKey(Buffer.from(digits, 'hex')) });
  }
  if (keys.length === 0) throw new KeyFileError(file, 'there is no key in it');
  return keys;
}
