/**
 * Makes the next segment ahead of need, in the background, so that an append never waits for one and a
 * full disk is seen while the current segment still has room.
 */
import { randomInt } from 'node:crypto';
import type { DiskSpace, Files } from './files.ts';
import { createSegment, type Segment } from './segment.ts';

export interface SupplyOptions {
  readonly files: Files;
  readonly directory: string;
  readonly segmentBytes: number;
  /** Bytes that must stay free on the disk. */
  readonly reserveBytes: number;
  /** Generation of the first segment made here. */
  readonly nextGeneration: number;
  readonly onFull: (full: boolean) => void;
  /** Making a segment failed for another reason than space. */
  readonly onFailed: (error: Error) => void;
  /** A part of a segment is on disk. */
  readonly onProgress: () => void;
}

export class SegmentSupply {
  /** True after a segment could not be made for want of space, until one is made. */
  full = false;
  /** As last measured. */
  space: DiskSpace;
  readonly #options: SupplyOptions;
  #generation: number;
  #next: Segment | null = null;
  #ordinal: number;
  #making: Promise<void> | null = null;
  #measuring: Promise<void> | null = null;
  #waiting: (() => void) | null = null;
  #closed = false;

  /** @param ordinal of the first segment to make */
  constructor(options: SupplyOptions, ordinal: number, space: DiskSpace) {
    this.#options = options;
    this.#ordinal = ordinal;
    this.#generation = options.nextGeneration;
    this.space = space;
  }

  /** The next segment if it is ready; the one after it is then made. */
  take(): Segment | null {
    const next = this.#next;
    if (next === null) return null;
    this.#next = null;
    this.prepare();
    return next;
  }

  /** Resolves when a segment is ready, the disk turned out full, or on {@link wake}. One caller at a time. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Starts to make the next segment unless it is there or on its way. */
  prepare(): void {
    if (this.#next !== null || this.#making !== null || this.#closed) return;
    this.#making = this.#make();
  }

  /** Measures the free space, then tries again if the disk was full. */
  measure(): void {
    if (this.#measuring !== null || this.#closed) return;
    this.#measuring = this.#measure();
  }

  /** Ends the wait of {@link changed}. */
  wake(): void {
    this.#waiting?.();
    this.#waiting = null;
  }

  /** Waits for what is under way and closes the file of an unused segment. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#making;
    await this.#measuring;
    if (this.#next !== null) this.#options.files.close(this.#next.file);
    this.#next = null;
  }

  async #make(): Promise<void> {
    const { files, directory, segmentBytes, reserveBytes, onProgress } = this.#options;
    try {
      this.space = await files.spaceAsync(directory);
      if (this.space.freeBytes < segmentBytes + reserveBytes) {
        this.#setFull(true);
        return;
      }
      const header = {
        ordinal: this.#ordinal,
        generation: this.#generation++,
        salt: randomInt(2 ** 32),
        sizeBytes: segmentBytes,
      };
      this.#next = await createSegment(files, directory, header, onProgress);
      this.#ordinal++;
      this.#setFull(false);
      this.wake();
    } catch (error) {
      if (isShortage(error)) this.#setFull(true);
      else this.#options.onFailed(error as Error);
    } finally {
      this.#making = null;
    }
  }

  async #measure(): Promise<void> {
    try {
      this.space = await this.#options.files.spaceAsync(this.#options.directory);
      if (this.full) this.prepare();
    } catch (error) {
      this.#options.onFailed(error as Error);
    } finally {
      this.#measuring = null;
    }
  }

  #setFull(full: boolean): void {
    if (this.full === full || this.#closed) return;
    this.full = full;
    this.wake();
    this.#options.onFull(full);
  }
}

/** Nothing was written wrongly; the disk or the process's table of open files has no room just now. */
function isShortage(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EMFILE' || code === 'ENFILE';
}
