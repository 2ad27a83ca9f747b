/**
 * Encryption at rest: AES-256-GCM with a key of its own for every file (FORMAT.md §10).
 *
 * The key of a file is derived (HKDF-SHA-256) from a key of the key file and 32 random bytes in the file's
 * header. Within a file the nonce is the offset at which the bytes are written, and nothing is ever written twice
 * at one offset of one file: after a crash the log goes on in a new file, and a segment that is used again gets new
 * random bytes first. So no nonce is used twice under one key, whatever is lost or restored.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { text, utf8 } from '#base/bytes.ts';
import { KeyChangedError, KeyMissingError, KeyWrongError } from './errors.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
export const KEY_SALT_BYTES = 32;
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const INFO = 'holdfast file';

/** Where a file's header says how the file is protected; the same in segments and snapshots. */
const CIPHER_AT = 64;
const ID_LENGTH_AT = 65;
const KEY_SALT_AT = 80;
const ID_AT = KEY_SALT_AT + KEY_SALT_BYTES;
const HEADER_BYTES = 4096;
const HEADER_TAG_AT = HEADER_BYTES - TAG_BYTES;
/** What the header's own checksum does not cover, neither does its tag. */
const HEADER_CHECKED_AT = 16;
const AES_256_GCM = 1;
export const KEY_ID_MAX_BYTES = 64;
const NOTHING = new Uint8Array(0);

/** One line of the key file. */
export interface Key {
  readonly id: string;
  readonly secret: KeyObject;
}

/** The keys of a member: the first encrypts what is written from now on, all of them read. */
export class KeyRing {
  #keys: readonly Key[];

  /** @param keys none: what is written is plaintext */
  constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  get encrypts(): boolean {
    return this.#keys.length > 0;
  }

  /** The id of the key for new files; '' when they are plaintext. */
  get currentId(): string {
    return this.#keys[0]?.id ?? '';
  }

  /**
   * From now on the first of `keys` encrypts new files. Those that are not among them any more are kept for reading:
   * files may name them. Throws {@link KeyChangedError}, and changes nothing, when an id stands for another key than
   * before.
   */
  rotate(keys: readonly Key[]): void {
    const kept = this.#keys.filter((known) => {
      const same = keys.find(({ id }) => id === known.id);
      if (same !== undefined && !same.secret.equals(known.secret))
        throw new KeyChangedError(same.id);
      return same === undefined;
    });
    this.#keys = [...keys, ...kept];
  }

  /** For a new file; null: it is plaintext. */
  newCipher(): FileCipher | null {
    return this.encrypts ? new FileCipher(this.#keys[0], randomBytes(KEY_SALT_BYTES)) : null;
  }

  /**
   * What reads the file with this header (its checksum is right); null when it is plaintext. Throws
   * {@link KeyMissingError}, or {@link KeyWrongError} when the key has the right id and is another one.
   */
  cipherOf(header: Uint8Array, file: string): FileCipher | null {
    if (header[CIPHER_AT] !== AES_256_GCM) return null;
    const id = text(header, ID_AT, ID_AT + header[ID_LENGTH_AT]);
    const key = this.#keys.find((candidate) => candidate.id === id);
    if (key === undefined) throw new KeyMissingError(file, id);
    const cipher = new FileCipher(key, header.slice(KEY_SALT_AT, KEY_SALT_AT + KEY_SALT_BYTES));
    const tag = header.subarray(HEADER_TAG_AT);
    const known = header.subarray(HEADER_CHECKED_AT, HEADER_TAG_AT);
    if (cipher.open(0, known, NOTHING, tag) === null) throw new KeyWrongError(file, id);
    return cipher;
  }
}

export const NO_KEYS = new KeyRing([]);

/** Whether a file's header says that the file is encrypted. */
export function saysEncrypted(header: Uint8Array): boolean {
  return header[CIPHER_AT] === AES_256_GCM;
}

/** Encrypts and decrypts the parts of one file. */
export class FileCipher {
  readonly #keyId: string;
  readonly #keySalt: Uint8Array;
  readonly #secret: KeyObject;
  readonly #nonce = new Uint8Array(NONCE_BYTES);

  constructor(key: Key, keySalt: Uint8Array) {
    this.#keyId = key.id;
    this.#keySalt = keySalt;
    const derived = hkdfSync('sha256', key.secret, keySalt, INFO, KEY_BYTES);
    this.#secret = createSecretKey(new Uint8Array(derived));
  }

  /** Notes key and salt in the header of the file, all else of which is there but for its checksum. */
  describe(header: Uint8Array): void {
    const id = utf8(this.#keyId);
    header[CIPHER_AT] = AES_256_GCM;
    header[ID_LENGTH_AT] = id.length;
    header.set(this.#keySalt, KEY_SALT_AT);
    header.set(id, ID_AT);
    const known = header.subarray(HEADER_CHECKED_AT, HEADER_TAG_AT);
    this.seal(0, known, NOTHING, NOTHING, header.subarray(HEADER_TAG_AT));
  }

  /**
   * Encrypts `plain` into `sealed`, of the same length and maybe the same bytes; `tag` gets what proves it, and
   * `known`, which stays readable, unchanged. `offset` is where in the file they are: used once.
   */
  seal(
    offset: number,
    known: Uint8Array,
    plain: Uint8Array,
    sealed: Uint8Array,
    tag: Uint8Array,
  ): void {
    const cipher = createCipheriv(CIPHER, this.#secret, this.#nonceOf(offset));
    cipher.setAAD(known);
    sealed.set(cipher.update(plain));
    cipher.final();
    tag.set(cipher.getAuthTag());
  }

  /** The bytes that were given to {@link seal} at `offset`, or null when anything was changed since. */
  open(offset: number, known: Uint8Array, sealed: Uint8Array, tag: Uint8Array): Uint8Array | null {
    const options = { authTagLength: TAG_BYTES };
    const cipher = createDecipheriv(CIPHER, this.#secret, this.#nonceOf(offset), options);
    cipher.setAAD(known);
    cipher.setAuthTag(tag);
    const plain = cipher.update(sealed);
    try {
      cipher.final();
    } catch {
      return null;
    }
    return plain;
  }

  #nonceOf(offset: number): Uint8Array {
    const view = new DataView(this.#nonce.buffer);
    view.setUint32(0, offset % 0x1_0000_0000, true);
    view.setUint32(4, Math.floor(offset / 0x1_0000_0000), true);
    return this.#nonce;
  }
}
