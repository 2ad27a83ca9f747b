/**
 * The member's transaction log on disk: append with group commit, read back, tell what is durable.
 *
 * Never more than one write is in flight. While it is, requests collect; when it is done they become
 * the next batch, which is one write call (and with O_DSYNC that is the sync). So a batch in the file
 * proves that every byte before it was durable: recovery builds on that.
 *
 * Term and vote are written, both slots, before the batch with their request's entries. A commit hint
 * goes along with a batch and only when every entry of its request is in that batch or before it.
 */
import { performance } from 'node:perf_hooks';
import { invariant } from '#base/invariant.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { Disk } from '#node/shard/ports.ts';
import { AcceptedLog, type Truncation } from './accepted.ts';
import type { Files } from './files.ts';
import {
  BATCH_ALIGNMENT,
  BATCH_HEADER_BYTES,
  BatchEncoder,
  recordBytes,
  RESTART_ROOM_BYTES,
  SEGMENT_HEADER_BYTES,
  walkRecords,
} from './format.ts';
import type { HardStateFile } from './hard-state-file.ts';
import type { LogIndex } from './log-index.ts';
import type { LogOptions } from './options.ts';
import { readEntries } from './read.ts';
import type { RecoveredSegments } from './recovery.ts';
import type { Segment } from './segment.ts';
import { SegmentSupply } from './supply.ts';

const HOUSEKEEPING_MS = 1000;

/** Counts since the log was opened; for metrics. */
export interface LogStatistics {
  readonly appendedEntries: number;
  /** Bytes written in batches, padding included. */
  readonly appendedBytes: number;
  /** Writes of batches that were synced. */
  readonly syncs: number;
  readonly segments: number;
  /** Segments that were made from dropped ones, without filling them. */
  readonly recycledSegments: number;
}

/** LogOptions with every default filled in. */
export type CompleteLogOptions = Required<LogOptions>;

interface Request {
  readonly persist: Persist;
  readonly arrivedMs: number;
  /** Null when the log goes on, or it has been encoded. */
  restart: Persist['restart'];
  /** Null when nothing is to be dropped, or it has been encoded. */
  truncation: Truncation | null;
  /** Entries already encoded, when the request did not fit one batch. */
  encoded: number;
}

/** What the disk is doing. */
interface Step {
  /** Null when term and vote are as on disk. */
  readonly hardState: HardState | null;
  /** The encoder's batch is written. */
  readonly batch: boolean;
  /** Requests at the head of the queue that are complete when it is done. */
  readonly requests: number;
  /** The commit hint once it is. */
  readonly commit: number;
}

export class Log implements Disk {
  readonly #options: CompleteLogOptions;
  readonly #files: Files;
  readonly #hardStates: HardStateFile;
  readonly #index: LogIndex;
  readonly #segments: Segment[];
  readonly #supply: SegmentSupply;
  readonly #encoder: BatchEncoder;
  readonly #unlock: () => void;
  #position: number;
  #sequence: number;
  /** There is a restart in the batch that is being written. */
  #restarting = false;
  /** The last batch has records, so no mark covers it yet. */
  #unmarked = false;
  /** Commit hint of the newest durable request. */
  #commit: number;

  #state: 'open' | 'closing' | 'closed' | 'failed' = 'open';
  #queue: Request[] = [];
  /** What is being written, or 'room': waiting for the next segment. */
  #step: Step | 'room' | null = null;
  #startedMs = 0;
  /** When the disk last finished something that the queue waits for. */
  #progressMs = 0;
  readonly #written = (error: Error | null): void => this.#stepDone(error);
  #whenWritten: (() => void) | null = null;
  #markWanted = false;
  readonly #accepted: AcceptedLog;

  #idleTimer: NodeJS.Timeout | undefined;
  /** Something was written since the timer last looked. */
  #busy = false;
  readonly #housekeeping: NodeJS.Timeout;
  #appendedEntries = 0;
  #appendedBytes = 0;
  #syncs = 0;

  /** Only `openLog` makes logs. */
  constructor(
    options: CompleteLogOptions,
    hardStates: HardStateFile,
    recovered: RecoveredSegments,
    spares: readonly string[],
    unlock: () => void,
  ) {
    this.#options = options;
    this.#files = options.files;
    this.#hardStates = hardStates;
    this.#index = recovered.index;
    this.#segments = recovered.segments;
    this.#position = recovered.position;
    this.#sequence = recovered.sequence;
    this.#unlock = unlock;
    this.#commit = Math.min(recovered.commit, recovered.index.lastIndex);
    this.#accepted = new AcceptedLog(hardStates.state.term, this.#index);
    this.#encoder = new BatchEncoder(Math.min(options.maxBatchBytes, 1 << 20));
    this.#supply = new SegmentSupply(
      {
        files: options.files,
        directory: options.directory,
        segmentBytes: options.segmentBytes,
        keys: options.keys,
        reserveBytes: options.reserveBytes,
        nextGeneration: recovered.nextGeneration,
        onFull: options.onFull,
        onFailed: (error) => this.#fail(error),
        onProgress: () => this.#step === 'room' && this.#progressed(),
      },
      this.#tail.header.ordinal + 1,
      options.files.space(options.directory),
      spares,
    );
    this.#supply.prepare();
    // what a restart or a drop before the crash left to do
    this.dropBefore(this.#index.firstIndex);
    this.#housekeeping = setInterval(() => this.#supply.measure(), HOUSEKEEPING_MS);
    this.#housekeeping.unref();
    if (options.idleMarkMs > 0) {
      this.#idleTimer = setInterval(() => this.#markWhenIdle(), options.idleMarkMs);
      this.#idleTimer.unref();
    }
  }

  /** Of the oldest entry on disk; lastIndex + 1 when there is none. */
  get firstIndex(): number {
    return this.#index.firstIndex;
  }

  /** Of the newest durable entry. */
  get lastIndex(): number {
    return this.#index.lastIndex;
  }

  /**
   * Bytes that the log can still take: the rest of its segment, segments that are made, and those that there
   * is room for without touching the reserve. At 0 requests are held back.
   */
  get freeBytes(): number {
    return Math.max(0, this.#room) + this.#supply.freeBytes;
  }

  /** Free bytes of the disk, as last measured. */
  get diskFreeBytes(): number {
    return this.#supply.space.freeBytes;
  }

  get totalBytes(): number {
    return this.#supply.space.totalBytes;
  }

  /** True while there is no room for the next segment. */
  get full(): boolean {
    return this.#supply.full;
  }

  /** The longest payload that an entry may have. */
  get maxPayloadBytes(): number {
    const overhead = SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES + recordBytes(0) + BATCH_ALIGNMENT;
    return this.#options.segmentBytes - overhead - RESTART_ROOM_BYTES;
  }

  get statistics(): LogStatistics {
    return {
      appendedEntries: this.#appendedEntries,
      appendedBytes: this.#appendedBytes,
      syncs: this.#syncs,
      segments: this.#segments.length,
      recycledSegments: this.#supply.recycled,
    };
  }

  /** See {@link Disk}. After a failure or `close` requests are ignored. */
  persist(request: Persist): void {
    if (this.#state !== 'open') return;
    const truncation = this.#accepted.accept(request, this.maxPayloadBytes);
    const arrivedMs = this.#options.clock.monotonicMs();
    if (request.restart !== null) this.#skipQueued();
    this.#queue.push({
      persist: request,
      arrivedMs,
      restart: request.restart,
      truncation,
      encoded: 0,
    });
    this.#start();
  }

  /**
   * See {@link Disk}. Only what is durable can be read. Throws LogCorruptionError or the system's error
   * when the disk does not give back what was written.
   */
  read(from: number, toExclusive: number, maxBytes: number): Entry[] {
    return readEntries(this.#files, this.#segments, this.#index, from, toExclusive, maxBytes);
  }

  oldestUnsyncedMs(nowMs: number): number {
    if (this.#queue.length === 0) return 0;
    return Math.max(0, nowMs - Math.max(this.#queue[0].arrivedMs, this.#progressMs));
  }

  /**
   * See {@link Disk}. Segments go whole, at once here and one after the other on the disk; the one that is
   * appended to stays.
   */
  dropBefore(index: number): void {
    if (this.#state !== 'open' && this.#state !== 'closing') return;
    const ordinal = this.#index.segmentOf(index, this.#tail.header.ordinal);
    const count = ordinal - this.#segments[0].header.ordinal;
    if (count === 0) return;
    this.#index.dropSegments(ordinal);
    this.#accepted.dropBefore(this.#index.firstIndex);
    this.#supply.retire(this.#segments.splice(0, count));
  }

  /** Appends an empty batch with the sync mark if the last batch has none over it yet. */
  idle(): void {
    if (this.#state !== 'open' || !this.#unmarked) return;
    this.#markWanted = true;
    this.#start();
  }

  /**
   * Waits until everything accepted is durable (but not for room on a full disk), adds the mark, closes
   * the files and gives the directory back. Requests that arrive meanwhile are ignored.
   */
  async close(): Promise<void> {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (this.#state === 'open') {
      this.#state = 'closing';
      this.#markWanted = true;
      this.#start();
    }
    clearInterval(this.#idleTimer);
    clearInterval(this.#housekeeping);
    this.#supply.wake();
    await this.#allWritten();
    await this.#supply.close();
    this.#state = 'closed';
    for (const segment of this.#segments) this.#files.close(segment.file);
    this.#hardStates.close();
    this.#unlock();
  }

  #markWhenIdle(): void {
    if (!this.#busy) this.idle();
    this.#busy = false;
  }

  get #tail(): Segment {
    return this.#segments[this.#segments.length - 1];
  }

  /**
   * A restart drops what waits to be written before it, so that is not written at all: it may wait for room that only
   * the restart can make. It is reported when the restart is durable, which is in the next batch.
   */
  #skipQueued(): void {
    for (const waiting of this.#queue) {
      waiting.restart = null;
      waiting.truncation = null;
      waiting.encoded = waiting.persist.entries.length;
    }
    this.#supply.wake();
  }

  #start(): void {
    if (this.#step === null) this.#begin();
  }

  /** Hands what is to be written next to the disk, if there is anything. */
  #begin(): void {
    if (this.#state === 'failed') return;
    const step = this.#next();
    if (step !== null) {
      this.#step = step;
      if (step.hardState !== null) void this.#writeHardState(step, step.hardState);
      else if (step.batch) this.#writeBatch();
      else queueMicrotask(() => this.#stepDone(null));
    } else if (this.#queue.length > 0 && !(this.#state === 'closing' && this.#supply.full)) {
      void this.#waitForRoom();
    }
  }

  /** What waits stays in the queue until there is a segment for it. */
  async #waitForRoom(): Promise<void> {
    this.#step = 'room';
    await this.#supply.changed();
    this.#step = null;
    this.#progressed();
    this.#goOn();
  }

  #progressed(): void {
    this.#progressMs = this.#options.clock.monotonicMs();
  }

  /** What is to be written next, in the encoder; null when there is nothing, or no room for it. */
  #next(): Step | null {
    if (this.#queue.length === 0) {
      const mark = this.#markWanted && this.#unmarked && (this.#room > 0 || this.#roll());
      this.#markWanted = false;
      return mark ? this.#encode(true) : null;
    }
    const step = this.#encode(false);
    return step === null && this.#roll() ? this.#encode(false) : step;
  }

  async #writeHardState({ batch }: Step, { term, vote }: HardState): Promise<void> {
    try {
      await this.#hardStates.write({ term, vote, commit: this.#commit }, this.#sequence);
    } catch (error) {
      this.#stepDone(error as Error);
      return;
    }
    if (batch) this.#writeBatch();
    else this.#stepDone(null);
  }

  #writeBatch(): void {
    const { output, paddedLength } = this.#encoder;
    this.#startedMs = performance.now();
    this.#files.append(this.#tail.file, output, paddedLength, this.#position, this.#written);
  }

  #stepDone(error: Error | null): void {
    const step = this.#step;
    invariant(step !== null && step !== 'room', 'the disk answers what it was given');
    this.#step = null;
    if (error !== null) this.#fail(error);
    if (this.#state === 'failed') {
      this.#goOn();
      return;
    }
    this.#progressed();
    const finished = this.#finish(step);
    // the disk gets the next batch first; the owner is told while that is being written
    this.#begin();
    for (const request of finished) this.#options.onPersisted(request.persist.seq);
    this.#goOn();
  }

  #goOn(): void {
    if (this.#step === null) this.#begin();
    if (this.#step !== null || this.#whenWritten === null) return;
    this.#whenWritten();
    this.#whenWritten = null;
  }

  /** Resolves when nothing is being written and nothing is left to write. */
  #allWritten(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenWritten = resolve;
      this.#goOn();
    });
  }

  /** Bytes left in the tail for all but a restart. */
  get #room(): number {
    return this.#tail.header.sizeBytes - RESTART_ROOM_BYTES - this.#position;
  }

  /** Goes on to the next segment; false when it is not ready. */
  #roll(): boolean {
    const next = this.#supply.take();
    if (next === null) return false;
    this.#segments.push(next);
    this.#position = SEGMENT_HEADER_BYTES;
    return true;
  }

  /** Encodes what fits one batch and starts the write; null when not even the first record fits. */
  #encode(mark: boolean): Step | null {
    const encoder = this.#encoder;
    encoder.start(this.#tail.header);
    let requests = 0;
    let commit = this.#commit;
    let hardState: HardState | null = null;
    for (const request of this.#queue) {
      hardState = request.persist.hardState ?? hardState;
      if (!this.#encodeRequest(request)) break;
      commit = Math.max(commit, request.persist.hardState?.commit ?? 0);
      requests++;
    }
    if (encoder.recordCount === 0 && requests === 0 && !mark) return null;
    const batch = encoder.recordCount > 0 || mark;
    if (batch) {
      const { lastIndex, lastTerm } = this.#index;
      const sequence = this.#sequence + 1;
      const header = { sequence, mark: this.#sequence, lastIndex, lastTerm, commit };
      encoder.finish(header, this.#position);
    }
    return { hardState: this.#news(hardState), batch, requests, commit };
  }

  /** Encodes what fits of a request; true when that is all that was left of it. */
  #encodeRequest(request: Request): boolean {
    const { restart, truncation } = request;
    if (restart !== null) {
      // it is in the batch of those before it that were skipped, whatever else that has
      const length = this.#encoder.length + recordBytes(0);
      if (length > this.#room + RESTART_ROOM_BYTES) return false;
      this.#encoder.restart(restart.index, restart.term);
      this.#restarting = true;
      request.restart = null;
    }
    if (truncation !== null) {
      if (!this.#fits(0)) return false;
      this.#encoder.truncate(truncation.from, truncation.termBefore);
      request.truncation = null;
    }
    const { entries } = request.persist;
    while (request.encoded < entries.length) {
      const entry = entries[request.encoded];
      if (!this.#fits(entry.payload.length)) return false;
      this.#encoder.entry(entry);
      this.#appendedEntries++;
      request.encoded++;
    }
    return true;
  }

  /** Whether a record can still go into the batch. */
  #fits(payloadBytes: number): boolean {
    const length = this.#encoder.length + recordBytes(payloadBytes);
    if (length > this.#room) return false;
    return length <= this.#options.maxBatchBytes || this.#encoder.recordCount === 0;
  }

  /** Null when term and vote are as on disk: a commit hint alone is not written. */
  #news(hardState: HardState | null): HardState | null {
    const old = this.#hardStates.state;
    if (hardState === null) return null;
    return hardState.term === old.term && hardState.vote === old.vote ? null : hardState;
  }

  /** Takes in what a step made durable; returns the requests that are complete. */
  #finish(step: Step): Request[] {
    this.#commit = step.commit;
    if (step.batch) {
      const { view, length, paddedLength, recordCount } = this.#encoder;
      this.#index.startBatch(this.#tail.header.ordinal, this.#position, this.#position, length);
      walkRecords(view, 0, recordCount, this.#index);
      if (this.#restarting) this.dropBefore(this.#index.firstIndex);
      this.#restarting = false;
      this.#position += paddedLength;
      this.#sequence++;
      this.#unmarked = recordCount > 0;
      this.#busy = true;
      this.#syncs++;
      this.#appendedBytes += paddedLength;
      this.#options.onSync(performance.now() - this.#startedMs, paddedLength);
    }
    return this.#queue.splice(0, step.requests);
  }

  #fail(error: Error): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = 'failed';
    clearInterval(this.#idleTimer);
    clearInterval(this.#housekeeping);
    this.#supply.wake();
    this.#options.onFailed(error);
  }
}
