/**
 * A keyspace → a snapshot file, in steps, while it changes: what the point-in-time walk hands out is written
 * (record-writer.ts) between a head and a trailer. FORMAT.md has the bytes.
 */
import { invariant } from '#base/invariant.ts';
import type { KeyspaceCore } from '#node/keyspace/keyspace-core.ts';
import type { Walk } from '#node/keyspace/walk.ts';
import { BlockWriter } from './block-writer.ts';
import {
  BLOCK_DATA,
  BLOCK_HEAD,
  BLOCK_TRAILER,
  encodeHead,
  FORMAT_VERSION,
  MAGIC,
  PREAMBLE_BYTES,
  type SnapshotHead,
  TRAILER_BYTES,
} from './format.ts';
import { RecordWriter } from './record-writer.ts';

export class SnapshotWriter {
  readonly #out: BlockWriter;
  readonly #records: RecordWriter;
  #walk: Walk | null = null;
  /** Which of the walks is this writer's. */
  #number = 0;
  #state: 'made' | 'writing' | 'done' | 'abandoned' = 'made';

  /** Emits the head at once. `emit` must copy what it is given. */
  constructor(head: SnapshotHead, emit: (bytes: Uint8Array) => void) {
    const preamble = new Uint8Array(PREAMBLE_BYTES);
    preamble.set(MAGIC);
    new DataView(preamble.buffer).setUint32(MAGIC.length, FORMAT_VERSION, true);
    emit(preamble);
    this.#out = new BlockWriter(emit, BLOCK_DATA);
    this.#out.head(encodeHead(head), BLOCK_HEAD);
    this.#records = new RecordWriter(this.#out);
  }

  /** The digest of what has been written: that of the keyspace as it was, when all is. */
  get digest(): string {
    return this.#records.content.text;
  }

  /** The file will never be whole: {@link abandon} was called, or the keyspace has ended the walk by itself. */
  get abandoned(): boolean {
    return this.#state === 'abandoned';
  }

  /** What is in the keyspace now will be written. */
  begin({ walk }: KeyspaceCore): void {
    invariant(this.#state === 'made', 'a writer writes one file');
    this.#state = 'writing';
    this.#walk = walk;
    walk.begin(this.#records);
    this.#number = walk.begun;
  }

  /** Writes about so many records or elements; true when the file is whole, never when it was {@link abandoned}. */
  step(maxRecords: number): boolean {
    const walk = this.#walk;
    invariant(walk !== null, 'a writer is begun before it steps');
    if (this.#state !== 'writing') return this.#state === 'done';
    if (walk.begun === this.#number && !walk.step(maxRecords)) return false;
    if (walk.completed === this.#number) this.#finish();
    else this.#state = 'abandoned';
    return !this.abandoned;
  }

  /** Nothing more is written. */
  abandon(): void {
    if (this.#state === 'writing' && this.#walk?.begun === this.#number) this.#walk.abandon();
    if (this.#state !== 'done') this.#state = 'abandoned';
  }

  #finish(): void {
    const out = this.#out;
    const { records, elements, content } = this.#records;
    this.#records.end();
    out.setKind(BLOCK_TRAILER);
    const bytes = out.payloadBytes;
    out.room(TRAILER_BYTES);
    out.uint53(records);
    out.uint53(elements);
    out.uint53(bytes);
    for (const word of content.sum) out.int32(word);
    out.flush();
    this.#state = 'done';
  }
}
