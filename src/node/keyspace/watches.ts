/**
 * Which keys are watched (WATCH), and how often each has changed since. While nobody watches anything, a
 * change costs one comparison.
 */
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';

/** The state of one key when it was watched. */
export interface WatchToken {
  /** The key, one character a byte. */
  readonly key: string;
  readonly version: number;
  /** The key was there, and not past its time. */
  readonly wasThere: boolean;
}

interface Watched {
  watchers: number;
  version: number;
}

export class Watches {
  readonly #watched = new Map<string, Watched>();

  get any(): boolean {
    return this.#watched.size > 0;
  }

  /** The watched keys. */
  keys(): Uint8Array[] {
    return [...this.#watched.keys()].map(fromLatin1);
  }

  add(key: string, wasThere: boolean): WatchToken {
    let watched = this.#watched.get(key);
    if (watched === undefined) {
      watched = { watchers: 0, version: 0 };
      this.#watched.set(key, watched);
    }
    watched.watchers++;
    return { key, version: watched.version, wasThere };
  }

  remove(token: WatchToken): void {
    const watched = this.#watched.get(token.key);
    invariant(watched !== undefined, 'a token is given back once');
    if (--watched.watchers === 0) this.#watched.delete(token.key);
  }

  /** The key bytes[start, end) has been changed. */
  changed(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const watched = this.#watched.get(latin1(bytes, start, end));
    if (watched !== undefined) watched.version++;
  }

  changedSince(token: WatchToken): boolean {
    const watched = this.#watched.get(token.key);
    invariant(watched !== undefined, 'a token is not used after it was given back');
    return watched.version !== token.version;
  }
}
