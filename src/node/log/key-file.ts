/**
 * The key file: a line `<keyId> <64 hexadecimal digits>` for each key; empty lines and lines that begin
 * with `#` do not count. The first key encrypts new files, the others are kept for reading: a key is
 * rotated by a new first line, and its line may go once no file names it any more. The file is read again every few
 * seconds; a wrong one never replaces a good one.
 */
import { createSecretKey } from 'node:crypto';
import fs from 'node:fs';
import { type Key, KEY_ID_MAX_BYTES, KeyRing } from './cipher.ts';
import { KeyFileError } from './errors.ts';

const LINE = /^([A-Za-z0-9._-]+)[ \t]+([0-9a-fA-F]{64})$/;

export interface KeyFileOptions {
  readonly file: string;
  readonly reloadMs: number;
  /** New files are encrypted with this key from now on. */
  readonly onRotated: (keyId: string) => void;
  /** Told once of the same trouble: the file cannot be used any more, and the keys stay what they were. */
  readonly onError: (error: Error) => void;
}

/** A key file that may change. Construct, {@link start}, and use `ring`. */
export class KeyFile {
  readonly ring: KeyRing;
  readonly #options: KeyFileOptions;
  #content: string;
  #lastError = '';
  #timer: NodeJS.Timeout | null = null;

  /** Reads the file. Throws {@link KeyFileError} or the system's error. */
  constructor(options: KeyFileOptions) {
    this.#options = options;
    this.#content = fs.readFileSync(options.file, 'utf8');
    this.ring = new KeyRing(parseKeys(this.#content, options.file));
  }

  /** Begins to look for changes; the timer does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.poll(), this.#options.reloadMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Looks for a change now. */
  poll(): void {
    const { file, onRotated, onError } = this.#options;
    const { ring } = this;
    const before = ring.currentId;
    try {
      const content = fs.readFileSync(file, 'utf8');
      if (content !== this.#content) ring.rotate(parseKeys(content, file));
      this.#content = content;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#lastError) onError(error as Error);
      this.#lastError = message;
      return;
    }
    this.#lastError = '';
    if (ring.currentId !== before) onRotated(ring.currentId);
  }
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
