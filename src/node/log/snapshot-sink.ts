/**
 * A snapshot file in the making: bytes come in, frames go to a temporary file in the background, one
 * write at a time. The header, which says how long the content is, is written last; then the file is
 * synced and handed over to get its name. Whatever fails, the file is removed and nothing else is
 * touched: a full disk costs a snapshot, never the log.
 */
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { invariant } from '#base/invariant.ts';
import type { SnapshotFile, SnapshotSink } from '#node/shard/ports.ts';
import type { KeyRing } from './cipher.ts';
import { DiskReservedError } from './errors.ts';
import type { Files } from './files.ts';
import {
  encodeSnapshotHeader,
  FRAME_BYTES,
  FRAME_CHECK_BYTES,
  FRAME_CONTENT_BYTES,
  frameAt,
  SNAPSHOT_HEADER_BYTES,
  type SnapshotHeader,
  sealFrame,
} from './snapshot-format.ts';

/** After this many bytes the file is synced, so that the log never waits behind more, and free space is looked at. */
const SYNC_BYTES = 4 << 20;
/** Buffers of frames that are kept to be used again: as many as wait at most when a keyspace is walked. */
const SPARE_FRAMES = 64;

/** What a sink needs from the room around it. */
export interface SinkOptions {
  readonly files: Files;
  readonly keys: KeyRing;
  /** Bytes that must stay free on the disk. */
  readonly reserveBytes: number;
  readonly index: number;
  readonly term: number;
  /** Where the bytes go until the file gets its name. */
  readonly temporary: string;
  /** Gives the synced file its name, durably. */
  readonly adopt: (file: SnapshotFile, temporary: string) => Promise<void>;
}

export class FrameSink implements SnapshotSink {
  readonly #options: SinkOptions;
  readonly #protection: Pick<SnapshotHeader, 'salt' | 'cipher'>;
  #state: 'open' | 'publishing' | 'abandoned' = 'open';
  #error: Error | null = null;
  #done: ((error: Error | null) => void) | null = null;
  #wake: (() => void) | null = null;
  /** The frame that is being filled, and how far. */
  #frame: Uint8Array = new Uint8Array(FRAME_BYTES);
  #filled = FRAME_CHECK_BYTES;
  /** Whole frames that wait to be written, oldest first. */
  readonly #waiting: Uint8Array[] = [];
  readonly #spare: Uint8Array[] = [];
  #contentBytes = 0;
  #unsynced = 0;
  /** Resolves when the sink is done with its file, one way or the other; rejects with what `done` throws. */
  readonly finished: Promise<void>;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#protection = { salt: randomInt(2 ** 32), cipher: options.keys.newCipher() };
    this.finished = this.#work();
  }

  /** See {@link SnapshotSink}. A frame that is not full yet (less than 64 KiB) is not counted. */
  get pendingBytes(): number {
    return this.#waiting.length * FRAME_CONTENT_BYTES;
  }

  /** See {@link SnapshotSink}. After a failure or `abandon` bytes are ignored. */
  write(bytes: Uint8Array): void {
    invariant(this.#state !== 'publishing', 'nothing is written to a snapshot that is published');
    if (this.#state === 'abandoned' || this.#error !== null) return;
    this.#contentBytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, FRAME_BYTES - this.#filled);
      this.#frame.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === FRAME_BYTES) this.#frameFull();
    }
  }

  publish(done: (error: Error | null) => void): void {
    invariant(this.#state === 'open', 'a snapshot is published once');
    this.#state = 'publishing';
    this.#done = done;
    // the file may have failed long ago; its owner is told now, but never from inside
    if (this.#error !== null) void this.finished.then(() => this.#tell());
    this.#goOn();
  }

  /** Drops the file. Nothing happens when it is published, or on its way to be. */
  abandon(): void {
    if (this.#state !== 'open') return;
    this.#state = 'abandoned';
    this.#waiting.length = 0;
    this.#goOn();
  }

  #frameFull(): void {
    this.#waiting.push(this.#frame);
    this.#frame = this.#spare.pop() ?? new Uint8Array(FRAME_BYTES);
    this.#filled = FRAME_CHECK_BYTES;
    this.#goOn();
  }

  #goOn(): void {
    this.#wake?.();
    this.#wake = null;
  }

  /** The life of the file. */
  async #work(): Promise<void> {
    const { files, index, term, temporary, adopt } = this.#options;
    let published = false;
    try {
      await this.#checkSpace();
      if (await this.#makeFile()) {
        await adopt({ index, term, sizeBytes: this.#contentBytes }, temporary);
        published = true;
      }
    } catch (error) {
      this.#error = error as Error;
      this.#waiting.length = 0;
    }
    // what cannot be removed now is removed at the next opening
    if (!published) await files.removeAsync(temporary).catch(() => {});
    if (this.#state === 'publishing') this.#tell();
  }

  /** Makes the whole temporary file, synced; false when it is not wanted. */
  async #makeFile(): Promise<boolean> {
    const { files, index, term, temporary } = this.#options;
    const file = await files.createAsync(temporary);
    try {
      if (!(await this.#writeFrames(file))) return false;
      const header = { index, term, contentBytes: this.#contentBytes, ...this.#protection };
      await files.writeAsync(file, encodeSnapshotHeader(header), SNAPSHOT_HEADER_BYTES, 0);
      await files.syncAsync(file);
      return true;
    } finally {
      files.close(file);
    }
  }

  /** Writes frames as they come; true when the content is complete, false when it is not wanted. */
  async #writeFrames(file: number): Promise<boolean> {
    for (let number = 0; ; ) {
      if (this.#state === 'abandoned') return false;
      const frame = this.#waiting[0];
      if (frame !== undefined) {
        await this.#writeFrame(file, frame, number++);
        this.#waiting.shift();
        if (this.#spare.length < SPARE_FRAMES) this.#spare.push(frame);
      } else if (this.#state === 'publishing') {
        if (this.#filled > FRAME_CHECK_BYTES) {
          await this.#writeFrame(file, this.#frame.subarray(0, this.#filled), number);
        }
        return true;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async #writeFrame(file: number, frame: Uint8Array, number: number): Promise<void> {
    const { files } = this.#options;
    sealFrame(frame, number, this.#protection);
    await files.writeAsync(file, frame, frame.length, frameAt(number));
    this.#unsynced += frame.length;
    if (this.#unsynced < SYNC_BYTES) return;
    this.#unsynced = 0;
    await files.syncAsync(file);
    await this.#checkSpace();
  }

  /** A snapshot may take what is free, but not what the log needs to go on and to be opened again. */
  async #checkSpace(): Promise<void> {
    const { files, temporary, reserveBytes } = this.#options;
    const { freeBytes } = await files.spaceAsync(path.dirname(temporary));
    if (freeBytes < reserveBytes) throw new DiskReservedError(temporary, reserveBytes);
  }

  #tell(): void {
    const done = this.#done;
    this.#done = null;
    done?.(this.#error);
  }
}
