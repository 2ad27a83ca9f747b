/**
 * The digest of the keyspace (content-digest.ts), kept by slot.
 *
 * The sum of each slot is kept with a mark that is set when the slot changes, so asking again costs only as much
 * as has changed. Invariant: a slot without a mark has the digest that is kept for it.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import { ContentDigest, digestText } from './content-digest.ts';
import type { Store } from './store.ts';

const WORDS = 4;

export class Digest {
  /** 1 for each slot that has changed since it was digested. */
  readonly dirty = new Uint8Array(SLOT_COUNT);
  readonly #store: Store;
  readonly #slots = new Int32Array(SLOT_COUNT * WORDS);
  readonly #total = new Int32Array(WORDS);
  readonly #content = new ContentDigest();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Everything has been deleted. */
  forget(): void {
    this.dirty.fill(0);
    this.#slots.fill(0);
    this.#total.fill(0);
  }

  markAll(): void {
    this.dirty.fill(1);
  }

  /** 32 lower-case hexadecimal digits; all zero for an empty keyspace. */
  text(): string {
    const { dirty } = this;
    for (let slot = dirty.indexOf(1); slot >= 0; slot = dirty.indexOf(1, slot + 1)) {
      this.#digestSlot(slot);
    }
    return digestText(this.#total);
  }

  #digestSlot(slot: number): void {
    const { table, index, reader } = this.#store;
    const content = this.#content;
    content.clear();
    table.begin(index.rootOf(slot));
    for (let record = table.next(); record !== 0; record = table.next()) {
      reader.read(record, index.heap);
      content.addRecord(reader);
    }
    for (let word = 0; word < WORDS; word++) {
      const at = slot * WORDS + word;
      this.#total[word] ^= this.#slots[at] ^ content.sum[word];
      this.#slots[at] = content.sum[word];
    }
    this.dirty[slot] = 0;
  }
}
