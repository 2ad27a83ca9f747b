/** Reading a snapshot file into the keyspace, in slices, so that the member goes on following and voting meanwhile. */
import { invariant } from '#base/invariant.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { SnapshotHead } from '#node/snapshot/format.ts';
import type { SnapshotMeta } from '#node/raft/snapshot.ts';
import { readSnapshotHead, SnapshotReader } from '#node/snapshot/reader.ts';
import type { SnapshotFile, SnapshotFiles } from './ports.ts';

/** Read and applied in one go: about three milliseconds of small keys. */
const SLICE_BYTES = 256 << 10;

export class Restore {
  readonly file: SnapshotFile;
  readonly #files: SnapshotFiles;
  readonly #keyspace: Keyspace | null;
  #reader: SnapshotReader | null = null;
  #offset = 0;

  /** @param keyspace a replica's, empty at the first step; null on a log member, which needs the head alone. */
  constructor(files: SnapshotFiles, file: SnapshotFile, keyspace: Keyspace | null) {
    this.#files = files;
    this.file = file;
    this.#keyspace = keyspace;
  }

  /**
   * Reads a slice; the file's head when that was the last. Throws SNAPSHOT_CORRUPT or the disk's error: the keyspace
   * then holds a part of it.
   */
  step(): SnapshotHead | null {
    const { file } = this;
    const reader = (this.#reader ??= new SnapshotReader(this.#keyspace));
    const bytes = this.#files.read(file.index, this.#offset, SLICE_BYTES);
    this.#offset += bytes.length;
    reader.push(bytes);
    if (this.#keyspace === null && reader.head !== null) return reader.head;
    if (this.#offset < file.sizeBytes && bytes.length > 0) return null;
    reader.end();
    return reader.head;
  }
}

/**
 * What Raft is told of the newest file at the start; null when there is none. Throws SNAPSHOT_CORRUPT or the disk's
 * error.
 */
export function newestSnapshot(files: Pick<SnapshotFiles, 'files' | 'read'>): SnapshotMeta | null {
  const file = files.files.at(-1);
  if (file === undefined) return null;
  const { index, term, sizeBytes } = file;
  let head: SnapshotHead | null = null;
  for (let bytes = SLICE_BYTES; head === null; bytes *= 2) {
    head = readSnapshotHead(files.read(index, 0, bytes));
    invariant(head !== null || bytes < sizeBytes, 'a file has a head');
  }
  return { index, term, configIndex: head.configIndex, membership: head.membership, sizeBytes };
}
