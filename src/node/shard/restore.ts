/** Reading a snapshot file into the keyspace, in slices, so that the member goes on following and voting meanwhile. */
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { SnapshotHead } from '#node/snapshot/format.ts';
import { SnapshotReader } from '#node/snapshot/reader.ts';
import type { SnapshotFile, SnapshotFiles } from './ports.ts';

/** Read and applied in one go: a few milliseconds. */
const SLICE_BYTES = 1 << 20;

export class Restore {
  readonly file: SnapshotFile;
  readonly #files: SnapshotFiles;
  readonly #headOnly: boolean;
  readonly #reader: SnapshotReader;
  #offset = 0;

  /** @param keyspace empty, a replica's; null on a log member, which needs the head alone. */
  constructor(files: SnapshotFiles, file: SnapshotFile, keyspace: Keyspace | null) {
    this.#files = files;
    this.file = file;
    this.#headOnly = keyspace === null;
    this.#reader = new SnapshotReader(keyspace);
  }

  /**
   * Reads a slice; the file's head when that was the last. Throws SNAPSHOT_CORRUPT or the disk's error: the keyspace
   * then holds a part of it.
   */
  step(): SnapshotHead | null {
    const { file } = this;
    const bytes = this.#files.read(file.index, this.#offset, SLICE_BYTES);
    this.#offset += bytes.length;
    this.#reader.push(bytes);
    if (this.#headOnly && this.#reader.head !== null) return this.#reader.head;
    if (this.#offset < file.sizeBytes && bytes.length > 0) return null;
    this.#reader.end();
    return this.#reader.head;
  }
}
