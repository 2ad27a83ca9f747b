/**
 * A disk in memory for tests, as unkind as real ones: what was not synced survives a power cut by
 * chance, sector by sector; unsynced names likewise; a killed process leaves the page cache behind; it
 * fills up; writes fail and hang. Asynchronous operations take effect one by one in `step`.
 */
import path from 'node:path';
import type { Prng } from '#base/prng.ts';
import type { DiskSpace, Files } from './files.ts';

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;

/** A file's bytes as the process sees them, and as the medium has them. */
interface Inode {
  cached: Uint8Array;
  durable: Uint8Array;
  /** Sectors of `cached` that may not be on the medium. */
  readonly dirty: Set<number>;
}

interface NameChange {
  readonly remove: string | null;
  readonly add: string | null;
  readonly inode: Inode | null;
}

interface Pending {
  readonly run: () => void;
  readonly reject: (error: unknown) => void;
}

export class SimulatedDisk implements Files {
  /** Total size; writes that make files longer than this in sum fail with ENOSPC. */
  capacityBytes = 1 << 30;
  /** Asked before each asynchronous operation; an error makes it fail. A failed sync leaves clean pages. */
  fault: ((operation: string) => Error | null) | null = null;
  /** When true, asynchronous operations are done at once instead of in {@link step}. */
  eager = true;
  /** Blocking syncs that still work; the power fails in the one after. */
  syncsLeft = Number.POSITIVE_INFINITY;
  /** The process that used it is gone: everything asynchronous fails. */
  dead = false;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  readonly #open = new Map<number, Inode>();
  #nextFile = 3;
  /** The append under way, and what was there before it. */
  #writing: { inode: Inode; position: number; before: Uint8Array } | null = null;
  #pending: Pending[] = [];
  readonly #locks = new Set<string>();

  /** Number of asynchronous operations waiting for {@link step}. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Does the oldest waiting operation; false when there is none. */
  step(): boolean {
    const operation = this.#pending.shift();
    if (operation === undefined) return false;
    if (this.dead) operation.reject(systemError('EIO', 'the process is gone'));
    else operation.run();
    return true;
  }

  die(): void {
    this.dead = true;
    while (this.step()) {}
  }

  /**
   * The disk as the next process finds it after this one was killed: page cache and all, but of a write
   * under way only the first pages.
   */
  killed(random: Prng): SimulatedDisk {
    const write = this.#writing;
    if (write !== null) {
      const pages = random.below(Math.ceil(write.before.length / PAGE_BYTES) + 1);
      const done = Math.min(pages * PAGE_BYTES, write.before.length);
      write.inode.cached.set(write.before.subarray(done), write.position + done);
    }
    return this.clone();
  }

  /** The disk after a power cut: of what was not synced, each sector and name is there by chance. */
  powerCut(random: Prng): SimulatedDisk {
    // a journal keeps changes of names in order; nothing says that a file system has one
    const ordered = random.chance(0.5);
    const kept = random.below(this.#nameChanges.length + 1);
    this.#nameChanges.forEach((change, i) => {
      if (ordered ? i < kept : random.chance(0.5)) applyName(this.#durableNames, change);
    });
    this.#names = new Map(this.#durableNames);
    this.#nameChanges = [];
    return this.#successor((inode) => {
      const longer = inode.cached.length > inode.durable.length && random.chance(0.5);
      const bytes = new Uint8Array(longer ? inode.cached.length : inode.durable.length);
      bytes.set(inode.durable.subarray(0, bytes.length));
      for (const sector of inode.dirty) {
        if (random.chance(0.5)) copySector(bytes, inode.cached, sector);
      }
      return { cached: bytes, durable: bytes.slice(), dirty: new Set() };
    });
  }

  /** A copy of everything, for tests that damage it in many ways. */
  clone(): SimulatedDisk {
    return this.#successor((inode) => ({
      cached: inode.cached.slice(),
      durable: inode.durable.slice(),
      dirty: new Set(inode.dirty),
    }));
  }

  /** The bytes of a file, to look at or to damage (on the medium and in the cache). */
  bytes(name: string): Uint8Array {
    const inode = this.#inode(name);
    inode.durable = inode.cached;
    inode.dirty.clear();
    return inode.cached;
  }

  /** Cuts a file short, on the medium and in the cache. */
  truncate(name: string, length: number): void {
    const inode = this.#inode(name);
    inode.cached = inode.cached.slice(0, length);
    inode.durable = inode.durable.slice(0, length);
  }

  lock(name: string): () => void {
    if (this.#locks.has(name)) throw systemError('EBUSY', name);
    this.#locks.add(name);
    return () => void this.#locks.delete(name);
  }

  makeDirectory(): void {}

  list(directory: string): string[] {
    const names: string[] = [];
    for (const name of this.#names.keys()) {
      if (path.dirname(name) === directory) names.push(path.basename(name));
    }
    return names;
  }

  create(name: string): number {
    const inode = {
      cached: new Uint8Array(0),
      durable: new Uint8Array(0),
      dirty: new Set<number>(),
    };
    this.#change({ remove: null, add: name, inode });
    return this.#opened(inode);
  }

  open(name: string): number {
    return this.#opened(this.#inode(name));
  }

  close(file: number): void {
    if (!this.#open.delete(file)) throw systemError('EBADF', String(file));
  }

  sizeBytes(file: number): number {
    return this.#file(file).cached.length;
  }

  read(file: number, into: Uint8Array, start: number, length: number, position: number): number {
    const source = this.#file(file).cached.subarray(position, position + length);
    into.set(source, start);
    return source.length;
  }

  write(file: number, bytes: Uint8Array, length: number, position: number): void {
    const inode = this.#file(file);
    const end = position + length;
    if (end > inode.cached.length) {
      if (this.#usedBytes() + end - inode.cached.length > this.capacityBytes) {
        throw systemError('ENOSPC', 'write');
      }
      const grown = new Uint8Array(end);
      grown.set(inode.cached);
      inode.cached = grown;
    }
    inode.cached.set(bytes.subarray(0, length), position);
    for (let at = Math.floor(position / SECTOR_BYTES); at * SECTOR_BYTES < end; at++) {
      inode.dirty.add(at);
    }
  }

  sync(file: number): void {
    this.#countSync();
    const inode = this.#file(file);
    if (inode.durable.length !== inode.cached.length) {
      const resized = new Uint8Array(inode.cached.length);
      resized.set(inode.durable.subarray(0, resized.length));
      inode.durable = resized;
    }
    for (const sector of inode.dirty) copySector(inode.durable, inode.cached, sector);
    inode.dirty.clear();
  }

  rename(from: string, to: string): void {
    this.#change({ remove: from, add: to, inode: this.#inode(from) });
  }

  remove(name: string): void {
    if (this.#names.has(name)) this.#change({ remove: name, add: null, inode: null });
  }

  syncDirectory(): void {
    this.#countSync();
    for (const change of this.#nameChanges) applyName(this.#durableNames, change);
    this.#nameChanges = [];
  }

  space(): DiskSpace {
    const freeBytes = Math.max(0, this.capacityBytes - this.#usedBytes());
    return { freeBytes, totalBytes: this.capacityBytes };
  }

  /** What is written reaches the page cache at once, so that a kill or power cut meets it half done. */
  append(
    file: number,
    bytes: Uint8Array,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    const inode = this.#file(file);
    const before = inode.cached.slice(position, position + length);
    this.write(file, bytes, length, position);
    this.#writing = { inode, position, before };
    const written = this.#later(
      'append',
      () => {
        this.#writing = null;
        this.sync(file);
      },
      () => inode.dirty.clear(),
    );
    void tell(written, done);
  }

  createAsync(name: string): Promise<number> {
    return this.#later('create', () => this.create(name));
  }

  readAsync(file: number, into: Uint8Array, length: number, position: number): Promise<number> {
    return this.#later('read', () => this.read(file, into, 0, length, position));
  }

  writeAsync(file: number, bytes: Uint8Array, length: number, position: number): Promise<void> {
    return this.#later('write', () => this.write(file, bytes, length, position));
  }

  syncAsync(file: number): Promise<void> {
    const inode = this.#file(file);
    return this.#later(
      'sync',
      () => this.sync(file),
      () => inode.dirty.clear(),
    );
  }

  renameAsync(from: string, to: string): Promise<void> {
    return this.#later('rename', () => this.rename(from, to));
  }

  removeAsync(name: string): Promise<void> {
    return this.#later('remove', () => this.remove(name));
  }

  syncDirectoryAsync(): Promise<void> {
    return this.#later('syncDirectory', () => this.syncDirectory());
  }

  spaceAsync(): Promise<DiskSpace> {
    return this.#later('space', () => this.space());
  }

  #later<T>(what: string, work: () => T, failed: () => void = () => {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          const error = this.fault?.(what) ?? null;
          if (error !== null) {
            failed();
            throw error;
          }
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      this.#pending.push({ run, reject });
      if (this.eager || this.dead) this.step();
    });
  }

  #successor(copy: (inode: Inode) => Inode): SimulatedDisk {
    const next = new SimulatedDisk();
    next.capacityBytes = this.capacityBytes;
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      const known = copies.get(inode) ?? copy(inode);
      copies.set(inode, known);
      return known;
    };
    for (const [name, inode] of this.#names) next.#names.set(name, copyOf(inode));
    for (const [name, inode] of this.#durableNames) next.#durableNames.set(name, copyOf(inode));
    for (const change of this.#nameChanges) {
      next.#nameChanges.push({ ...change, inode: change.inode && copyOf(change.inode) });
    }
    return next;
  }

  #change(change: NameChange): void {
    applyName(this.#names, change);
    this.#nameChanges.push(change);
  }

  #opened(inode: Inode): number {
    this.#open.set(this.#nextFile, inode);
    return this.#nextFile++;
  }

  #file(file: number): Inode {
    const inode = this.#open.get(file);
    if (inode === undefined) throw systemError('EBADF', String(file));
    return inode;
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw systemError('ENOENT', name);
    return inode;
  }

  #countSync(): void {
    if (this.syncsLeft-- <= 0) throw systemError('EIO', 'power failure');
  }

  #usedBytes(): number {
    let sum = 0;
    for (const inode of new Set(this.#names.values())) sum += inode.cached.length;
    return sum;
  }
}

async function tell(work: Promise<void>, done: (error: Error | null) => void): Promise<void> {
  let failure: Error | null = null;
  try {
    await work;
  } catch (error) {
    failure = error as Error;
  }
  done(failure);
}

/** An error as the system gives it. */
export function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

function applyName(names: Map<string, Inode>, change: NameChange): void {
  if (change.remove !== null) names.delete(change.remove);
  if (change.add !== null && change.inode !== null) names.set(change.add, change.inode);
}

function copySector(to: Uint8Array, from: Uint8Array, sector: number): void {
  const start = sector * SECTOR_BYTES;
  const end = Math.min(start + SECTOR_BYTES, to.length, from.length);
  if (start < end) to.set(from.subarray(start, end), start);
}
