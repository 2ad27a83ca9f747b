/**
 * Simulated snapshot files: what is published survives a crash; what is in the making does not. A damaged file is
 * noticed when it is read, and at a start if it is the newest; it is set aside then.
 */
import { invariant } from '#base/invariant.ts';
import { ByteWriter } from '#base/bytes.ts';
import type { SnapshotFile, SnapshotFiles, SnapshotSink } from '#node/shard/ports.ts';
import { SimDiskError } from './disk-error.ts';
import type { World } from './world.ts';

interface Stored extends SnapshotFile {
  readonly bytes: Uint8Array;
}

export class SimSnapshotFiles implements SnapshotFiles {
  /** Milliseconds that publishing takes, [low, high). */
  publishMs: readonly [number, number] = [1, 40];
  /** Tells the member what has become of a file, when it runs. */
  deliver: (run: () => void) => void = (run) => run();
  readonly #world: World;
  readonly #isFull: () => boolean;
  #stored: Stored[] = [];
  readonly #damaged = new Set<Stored>();
  #sinks = new Set<SimSink>();

  /** @param isFull whether the disk has no room */
  constructor(world: World, isFull: () => boolean) {
    this.#world = world;
    this.#isFull = isFull;
  }

  get files(): readonly SnapshotFile[] {
    return this.#stored;
  }

  read(index: number, offset: number, maxBytes: number): Uint8Array {
    const stored = this.#stored.find((candidate) => candidate.index === index);
    invariant(stored !== undefined, 'a file that is read is there');
    if (this.#damaged.has(stored)) throw new SimDiskError('SNAPSHOT_DAMAGED', `file ${index}`);
    return stored.bytes.slice(offset, offset + maxBytes);
  }

  create(index: number, term: number): SnapshotSink {
    const sink: SimSink = new SimSink((bytes, done) => {
      this.#world.after(this.#world.between(...this.publishMs), () => {
        if (!this.#sinks.delete(sink)) return;
        if (this.#isFull()) {
          this.deliver(() => done(new Error('no space left')));
          return;
        }
        this.#store({ index, term, sizeBytes: bytes.length, bytes });
        this.deliver(() => done(null));
      });
    });
    this.#sinks.add(sink);
    return sink;
  }

  remove(index: number): void {
    this.#stored = this.#stored.filter((stored) => stored.index !== index);
  }

  /** Flips a bit of the file of `index`. */
  damage(index: number): void {
    const stored = this.#stored.find((candidate) => candidate.index === index);
    if (stored !== undefined) this.#damaged.add(stored);
  }

  /** Those that no fault has damaged, as nobody but the simulator knows. */
  get whole(): Pick<SnapshotFiles, 'files' | 'read'> {
    const files = this.#stored.filter((stored) => !this.#damaged.has(stored));
    return { files, read: (index, offset, maxBytes) => this.read(index, offset, maxBytes) };
  }

  /** A start uses no damaged file while there is an older one. */
  setDamagedAside(): void {
    for (let newest = this.#stored.at(-1); newest !== undefined; newest = this.#stored.at(-1)) {
      if (!this.#damaged.has(newest)) return;
      this.#stored.pop();
    }
  }

  /** The machine is gone: of what was being published some may be there. */
  crash(): void {
    this.#sinks.clear();
  }

  #store(file: Stored): void {
    this.#stored = [...this.#stored.filter(({ index }) => index !== file.index), file];
    this.#stored.sort((a, b) => a.index - b.index);
  }
}

class SimSink implements SnapshotSink {
  readonly pendingBytes = 0;
  readonly #bytes = new ByteWriter();
  readonly #publish: (bytes: Uint8Array, done: (error: Error | null) => void) => void;

  constructor(publish: (bytes: Uint8Array, done: (error: Error | null) => void) => void) {
    this.#publish = publish;
  }

  write(bytes: Uint8Array): void {
    this.#bytes.raw(bytes);
  }

  publish(done: (error: Error | null) => void): void {
    this.#publish(this.#bytes.copy(), done);
  }

  abandon(): void {
    this.#bytes.clear();
  }
}
