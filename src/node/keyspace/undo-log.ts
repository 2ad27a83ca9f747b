/**
 * How to take back what was executed and not committed (rule W6): for each change, newest last, the change that
 * undoes it, in the encoding of effects; and of values that were deleted or replaced whole, the old record, which
 * is not freed until its batch is committed.
 *
 * A row is [encoding of the key before][operation, operands][length of all that, u32]: it is read from its end.
 * A change that would cost too much to note makes its batch one that cannot be undone.
 *
 * Invariants: batches are numbered upwards and the last is the open one; a kept record is in no index.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { ByteWriter } from '#base/bytes.ts';
import { EffectWriter } from './effects.ts';
import type { SlotIndex } from './slot-index.ts';
import type { ExpiryHeap } from './expiry-heap.ts';

/** Operations that only stand in rows; their numbers are not those of effects. */
export const UNDO = {
  /** record (u32), expiry ms: a deleted key is there again. */
  restore: 0xe0,
  /** key, offset, old length, bytes: what a string was there, before it was written into. */
  unwrite: 0xe1,
  /** The index before a FLUSHALL is the index again. */
  flushAll: 0xe2,
  /** slot: the table that the slot had is its table again. */
  dropSlot: 0xe3,
} as const;

/** A value longer than this is not copied into a row. */
export const MOST_COPIED_BYTES = 4096;
/** Rows of all batches in flight. */
const MOST_ROW_BYTES = 64 * 1024 * 1024;
const LENGTH_BYTES = 4;
/** Rows that are committed are moved over when they are at least this much. */
const COMPACTED_BYTES = 64 * 1024;

/** A larger array of kept records is dropped when none is kept. */
const MOST_IDLE_RECORDS = 1 << 20;

/** A whole index (FLUSHALL) or the table of a slot that went out of use. */
export interface DroppedPart {
  readonly number: number;
  /** Null when it is only a slot's table. */
  readonly index: SlotIndex | null;
  readonly root: number;
  readonly count: number;
  readonly expiring: number;
  readonly heap: ExpiryHeap;
}

/** Takes what is committed, to free it. */
export interface KeptReceiver {
  releaseRecord(record: number): void;
  releasePart(part: DroppedPart): void;
}

interface Batch {
  number: number;
  rowStart: number;
  keptStart: number;
  undoable: boolean;
}

export class UndoLog {
  /** The open batch can be undone as yet. */
  possible = true;
  /** The encoding of the key before the change that is noted next. */
  encoding = 0;
  readonly #writer = new ByteWriter(4096);
  readonly #encoder = new EffectWriter(this.#writer);
  readonly #receiver: KeptReceiver;
  #rowStart = 0;
  #tooLong = false;
  #kept = new Int32Array(256);
  #keptStart = 0;
  #keptEnd = 0;
  #parts: DroppedPart[] = [];
  /** In flight, and last the open one. */
  #batches: Batch[] = [{ number: 1, rowStart: 0, keptStart: 0, undoable: true }];

  constructor(receiver: KeptReceiver) {
    this.#receiver = receiver;
  }

  /** Nothing is kept: all memory in use is that of the index. */
  get empty(): boolean {
    return this.#keptStart === this.#keptEnd && this.#parts.length === 0;
  }

  /** Bytes in the arena that belong to flushed indexes. */
  get deadBytes(): number {
    let bytes = 0;
    for (const part of this.#parts) bytes += part.index?.deadBytes ?? 0;
    return bytes;
  }

  /** The number that changes have from now on. */
  openBatch(number: number): void {
    const open = this.#batches[this.#batches.length - 1];
    const isUnused = open.rowStart === this.#writer.length && open.keptStart === this.#keptEnd;
    if (isUnused && open.undoable) {
      open.number = number;
    } else if (open.number !== number) {
      this.#batches.push({
        number,
        rowStart: this.#writer.length,
        keptStart: this.#keptEnd,
        undoable: true,
      });
    }
    this.possible = this.#batches[this.#batches.length - 1].undoable;
  }

  // A row: begin(), operands, end().

  begin(op: number, key: Uint8Array, start: number, end: number): void {
    this.#rowStart = this.#writer.length;
    this.#tooLong = false;
    this.#writer.uint8(this.encoding);
    this.#encoder.begin(op, key, start, end);
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    if (end - start > MOST_COPIED_BYTES) this.#tooLong = true;
    else this.#encoder.bytes(source, start, end);
  }

  view(source: DataView, start: number, end: number): void {
    if (end - start > MOST_COPIED_BYTES) this.#tooLong = true;
    else this.#encoder.view(source, start, end);
  }

  range(range: ByteRange): void {
    this.view(range.view, range.start, range.end);
  }

  integer(value: number): void {
    this.#encoder.integer(value);
  }

  uint8(value: number): void {
    this.#writer.uint8(value);
  }

  float64(value: number): void {
    this.#writer.float64(value);
  }

  end(): void {
    const writer = this.#writer;
    if (this.#tooLong || writer.length > MOST_ROW_BYTES) {
      this.giveUp();
      return;
    }
    writer.uint32(writer.length - this.#rowStart);
  }

  /** The record of a deleted or replaced value, in no index any more, with the expiry it had. */
  keepRecord(record: number, expiresAtMs: number): void {
    this.#rowStart = this.#writer.length;
    this.#tooLong = false;
    this.#writer.uint8(0);
    this.#writer.uint8(UNDO.restore);
    this.#writer.uint32(record >>> 0);
    this.#writer.float64(expiresAtMs);
    if (this.#keptEnd === this.#kept.length) this.#makeRoom();
    this.#kept[this.#keptEnd++] = record;
    this.end();
  }

  /** What FLUSHALL or a slot drop put out of use; `slot` is -1 for FLUSHALL. */
  keepPart(part: DroppedPart, slot: number): void {
    this.#parts.push(part);
    this.#rowStart = this.#writer.length;
    this.#tooLong = false;
    this.#writer.uint8(0);
    this.#writer.uint8(slot < 0 ? UNDO.flushAll : UNDO.dropSlot);
    if (slot >= 0) this.#encoder.integer(slot);
    this.end();
  }

  /** The open batch cannot be undone. */
  giveUp(): void {
    const open = this.#batches[this.#batches.length - 1];
    open.undoable = false;
    this.possible = false;
    this.#writer.length = open.rowStart;
  }

  /** Everything up to this number is committed: what was kept for it is released. */
  committed(number: number): void {
    const batches = this.#batches;
    if (batches[0].number > number) return;
    let done = 0;
    while (done < batches.length && batches[done].number <= number) done++;
    if (done === batches.length) {
      this.#release(this.#keptEnd, number);
      this.#writer.clear();
      this.#startAnew(number + 1);
      return;
    }
    batches.splice(0, done);
    this.#release(batches[0].keptStart, number);
    this.#dropRows(batches[0].rowStart);
  }

  /** Nothing was kept: the whole keyspace has been forgotten. */
  forget(): void {
    this.#parts = [];
    this.#startAnew(this.#batches[this.#batches.length - 1].number);
  }

  /** Can everything after this number be undone? */
  canUndo(afterNumber: number): boolean {
    return this.#batches.every((batch) => batch.number <= afterNumber || batch.undoable);
  }

  /** Hands out the rows after `afterNumber`, the newest first, and forgets them and what they restore. */
  takeRows(
    afterNumber: number,
    apply: (bytes: Uint8Array, start: number, end: number) => void,
  ): void {
    const batches = this.#batches;
    const writer = this.#writer;
    while (batches.length > 0 && batches[batches.length - 1].number > afterNumber) {
      const { rowStart, keptStart } = batches[batches.length - 1];
      const view = new DataView(writer.bytes.buffer, writer.bytes.byteOffset);
      for (let end = writer.length; end > rowStart; ) {
        const rowEnd = end - LENGTH_BYTES;
        const start = rowEnd - view.getUint32(rowEnd, true);
        apply(writer.bytes, start, rowEnd);
        end = start;
      }
      writer.length = rowStart;
      this.#keptEnd = keptStart;
      batches.pop();
    }
    if (batches.length > 0) this.#pushOpen(afterNumber + 1);
    else this.#startAnew(afterNumber + 1);
  }

  /** The part that was kept last, which is in use again. */
  takePart(): DroppedPart | undefined {
    return this.#parts.pop();
  }

  #pushOpen(number: number): void {
    const { length: rowStart } = this.#writer;
    this.#batches.push({ number, rowStart, keptStart: this.#keptEnd, undoable: true });
    this.possible = true;
  }

  #startAnew(number: number): void {
    this.#batches = [{ number, rowStart: 0, keptStart: 0, undoable: true }];
    this.#writer.clear();
    this.#keptStart = 0;
    this.#keptEnd = 0;
    if (this.#kept.length > MOST_IDLE_RECORDS) this.#kept = new Int32Array(256);
    this.possible = true;
  }

  #release(keptEnd: number, number: number): void {
    while (this.#keptStart < keptEnd) this.#receiver.releaseRecord(this.#kept[this.#keptStart++]);
    while (this.#parts.length > 0 && this.#parts[0].number <= number) {
      const part = this.#parts.shift();
      if (part !== undefined) this.#receiver.releasePart(part);
    }
  }

  #dropRows(count: number): void {
    const writer = this.#writer;
    if (count < COMPACTED_BYTES || count < writer.length >> 1) return;
    writer.bytes.copyWithin(0, count, writer.length);
    writer.length -= count;
    for (const batch of this.#batches) batch.rowStart -= count;
  }

  /** Drops what was released, or makes the array longer. */
  #makeRoom(): void {
    const live = this.#kept.subarray(this.#keptStart, this.#keptEnd);
    const grown = new Int32Array(Math.max(256, live.length * 2));
    grown.set(live);
    for (const batch of this.#batches) batch.keptStart -= this.#keptStart;
    this.#kept = grown;
    this.#keptEnd -= this.#keptStart;
    this.#keptStart = 0;
  }
}
