/**
 * The segment files around the log's present one: the next is made ahead of need, in the background,
 * so that an append never waits for one and a full disk is seen while the current segment still has
 * room; those that the log has dropped from its head are taken away, oldest first, and used again.
 *
 * - A dropped segment is renamed (or removed) and the directory synced before the next one is touched:
 *   whatever a crash leaves, the ordinals have no gap.
 * - Only then may it become a segment again, by a new header with a generation of its own, synced before it
 *   gets its name. Its old batches have another generation and salt, so they never count (F4).
 */
import { randomInt } from 'node:crypto';
import type { DiskSpace } from './files.ts';
import {
  createSegment,
  recycleSegment,
  type Segment,
  type SegmentPlace,
  sparePath,
} from './segment.ts';

/** Dropped segments that are kept to be used again. */
export const MAX_SPARES = 2;

export interface SupplyOptions extends SegmentPlace {
  /** Bytes that must stay free on the disk. */
  readonly reserveBytes: number;
  /** Generation of the first segment made here. */
  readonly nextGeneration: number;
  readonly onFull: (full: boolean) => void;
  /** Making a segment failed for another reason than space. */
  readonly onFailed: (error: Error) => void;
  /** A part of a segment is on disk. */
  readonly onProgress: () => unknown;
}

/** A segment that the log has dropped and that still has its name. */
interface Retired {
  readonly segment: Segment;
  /** It has left its name: for this one, or for good when it is null. Undefined: it has not. */
  movedTo: string | null | undefined;
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
  /** Files of `segmentBytes` to be used again. */
  readonly #spares: string[];
  /** Oldest first. */
  readonly #retired: Retired[] = [];
  #making: Promise<void> | null = null;
  #retiring: Promise<void> | null = null;
  #measuring: Promise<void> | null = null;
  #waiting: (() => void) | null = null;
  #closed = false;
  #recycled = 0;

  /** @param ordinal of the first segment to make, @param spares files that opening found */
  constructor(
    options: SupplyOptions,
    ordinal: number,
    space: DiskSpace,
    spares: readonly string[] = [],
  ) {
    this.#options = options;
    this.#ordinal = ordinal;
    this.#generation = options.nextGeneration;
    this.space = space;
    this.#spares = [...spares];
  }

  /** Segments that were made from dropped ones since the log was opened. */
  get recycled(): number {
    return this.#recycled;
  }

  /** Bytes of the segments that are made, and of those that there is room for. */
  get freeBytes(): number {
    const { segmentBytes, reserveBytes } = this.#options;
    const made = this.#spares.length + (this.#next === null ? 0 : 1);
    const room = Math.max(0, this.space.freeBytes - reserveBytes);
    return (made + Math.floor(room / segmentBytes)) * segmentBytes;
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

  /** Takes dropped segments away, oldest first. Their files are closed. */
  retire(segments: readonly Segment[]): void {
    for (const segment of segments) {
      this.#options.files.close(segment.file);
      this.#retired.push({ segment, movedTo: undefined });
    }
    this.#goOnRetiring();
  }

  /** Measures the free space, then tries again what there was no room for. */
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
    await this.#retiring;
    await this.#measuring;
    if (this.#next !== null) this.#options.files.close(this.#next.file);
    this.#next = null;
  }

  async #make(): Promise<void> {
    const { segmentBytes, keys, onProgress } = this.#options;
    try {
      const spare = this.#spares.pop();
      if (spare === undefined && !(await this.#roomForSegment())) {
        this.#setFull(true);
        return;
      }
      const header = {
        ordinal: this.#ordinal,
        generation: this.#generation++,
        salt: randomInt(2 ** 32),
        sizeBytes: segmentBytes,
        cipher: keys.newCipher(),
      };
      if (spare === undefined) {
        this.#next = await createSegment(this.#options, header, onProgress);
        // until it is measured again
        this.space = { ...this.space, freeBytes: this.space.freeBytes - segmentBytes };
      } else {
        this.#next = await recycleSegment(this.#options, spare, header);
        this.#recycled++;
      }
      this.#ordinal++;
      this.#setFull(false);
      this.wake();
    } catch (error) {
      if (isShortage(error)) this.#setFull(true);
      else this.#options.onFailed(error as Error);
    } finally {
      this.#making = null;
    }
    // a spare may have come while this looked for space
    if (this.full && this.#spares.length > 0) this.prepare();
  }

  async #roomForSegment(): Promise<boolean> {
    const { files, directory } = this.#options;
    this.space = await files.spaceAsync(directory);
    return !this.#short;
  }

  /** There is no room for another segment. */
  get #short(): boolean {
    const { segmentBytes, reserveBytes } = this.#options;
    return this.space.freeBytes < segmentBytes + reserveBytes;
  }

  /** How many dropped segments are worth keeping: on a full disk only one that is waited for. */
  get #sparesWanted(): number {
    if (!this.#short) return MAX_SPARES;
    return this.#next === null ? 1 : 0;
  }

  #goOnRetiring(): void {
    if (this.#retiring !== null || this.#retired.length === 0 || this.#closed) return;
    this.#retiring = this.#retireAll();
  }

  async #retireAll(): Promise<void> {
    const { files, directory, onFailed } = this.#options;
    try {
      for (let retired = this.#retired[0]; retired !== undefined; retired = this.#retired[0]) {
        if (retired.movedTo === undefined) retired.movedTo = await this.#takeName(retired.segment);
        await files.syncDirectoryAsync(directory);
        this.#retired.shift();
        if (retired.movedTo !== null) this.#spares.push(retired.movedTo);
        if (this.full) this.prepare();
      }
      await this.#removeSpares();
    } catch (error) {
      // a shortage of open files passes: `measure` tries again
      if (!isShortage(error)) onFailed(error as Error);
    } finally {
      this.#retiring = null;
    }
  }

  /** Takes a dropped segment's name away; returns the one it has now, or null when it is gone. */
  async #takeName({ header, path }: Segment): Promise<string | null> {
    const { files, directory, segmentBytes, keys } = this.#options;
    // plaintext must not outlive its use behind a header that says encrypted
    const secret = header.cipher !== null || !keys.encrypts;
    const fits = secret && header.sizeBytes === segmentBytes;
    if (!fits || this.#spares.length >= this.#sparesWanted) {
      await files.removeAsync(path);
      return null;
    }
    const spare = sparePath(directory, header.ordinal);
    await files.renameAsync(path, spare);
    return spare;
  }

  /** Gives back the space of spares that are not wanted any more. */
  async #removeSpares(): Promise<void> {
    while (this.#spares.length > this.#sparesWanted) {
      const spare = this.#spares.pop();
      if (spare !== undefined) await this.#options.files.removeAsync(spare);
    }
  }

  async #measure(): Promise<void> {
    try {
      this.space = await this.#options.files.spaceAsync(this.#options.directory);
      await this.#removeSpares();
      this.#goOnRetiring();
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
