/**
 * Things with a command's name, found by the bytes that a client sent, case folded: an open-addressing table
 * over all names of one level.
 */
import { invariant } from '#base/invariant.ts';

export class CommandNames<T extends { readonly name: string }> {
  readonly #slots: (T | undefined)[];
  readonly #mask: number;

  constructor(named: readonly T[]) {
    let size = 8;
    while (size < named.length * 4) size *= 2;
    this.#slots = Array.from({ length: size }, () => undefined);
    this.#mask = size - 1;
    for (const one of named) this.#add(one);
  }

  /** The one whose name is bytes[start, end) in any case. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    const length = end - start;
    if (length === 0) return undefined;
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hashOf(length, bytes[start], bytes[start + (length >> 1)], bytes[end - 1]) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const one = slots[slot];
      if (one === undefined) return undefined;
      const { name } = one;
      if (name.length === length && sameName(name, bytes, start)) return one;
    }
  }

  #add(one: T): void {
    const { name } = one;
    const { length } = name;
    const middle = name.charCodeAt(length >> 1);
    let slot = hashOf(length, name.charCodeAt(0), middle, name.charCodeAt(length - 1)) & this.#mask;
    for (; this.#slots[slot] !== undefined; slot = (slot + 1) & this.#mask) {
      invariant(this.#slots[slot]?.name !== name, `command ${name} is declared once`);
    }
    this.#slots[slot] = one;
  }
}

/** Length and three bytes tell most names apart; the case does not count. */
function hashOf(length: number, first: number, middle: number, last: number): number {
  const mixed = (first | 0x20) * 31 + (middle | 0x20) * 173 + (last | 0x20) * 1021 + length * 7;
  return mixed ^ (mixed >>> 7);
}

function sameName(name: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    let byte = bytes[start + i];
    if (byte >= 0x41 && byte <= 0x5a) byte += 0x20;
    if (byte !== name.charCodeAt(i)) return false;
  }
  return true;
}
