/**
 * A snapshot file → an empty keyspace, in pieces of any size, or only checked. It trusts nothing: whatever bytes it is
 * given, it ends in time that depends on how many they are, and takes memory only for what it has got.
 *
 * When it throws, the keyspace holds a part of the file: the caller clears it.
 */
import type { KeyspaceCore } from '#node/keyspace/keyspace-core.ts';
import { BlockReader } from './block-reader.ts';
import {
  BLOCK_HEAD,
  BLOCK_TRAILER,
  decodeHead,
  SnapshotCorruptError,
  type SnapshotHead,
} from './format.ts';
import { OpReader } from './op-reader.ts';

export class SnapshotReader {
  /** Null until it has been read. */
  head: SnapshotHead | null = null;
  readonly #blocks = new BlockReader();
  readonly #ops: OpReader;
  #payloadBytes = 0;
  #offset = 0;
  #error: unknown = null;
  #whole = false;

  /** @param keyspace is empty and belongs to a replica; null only checks the file. */
  constructor(keyspace: KeyspaceCore | null) {
    this.#ops = new OpReader(keyspace === null ? null : keyspace.load());
  }

  /** Takes the next bytes of the file. Throws {@link SnapshotCorruptError}, and ArenaFullError when memory ends. */
  push(bytes: Uint8Array): void {
    if (this.#error !== null) throw this.#error;
    try {
      for (let at = 0; at < bytes.length; ) {
        if (this.#whole) throw new SnapshotCorruptError(this.#offset, 'bytes after the end');
        const to = this.#blocks.take(bytes, at);
        this.#offset += to - at;
        at = to;
        if (this.#blocks.complete) this.#block();
      }
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }

  /** The file ends here: its records, and the digest of its content. Throws when it is not whole. */
  end(): { records: number; digest: string } {
    if (this.#error !== null) throw this.#error;
    if (!this.#whole) throw new SnapshotCorruptError(this.#offset, 'the file ends early');
    return { records: this.#ops.records, digest: this.#ops.content.text };
  }

  #block(): void {
    const blocks = this.#blocks;
    if (blocks.kind === BLOCK_HEAD) {
      this.head = headOf(blocks);
    } else if (blocks.kind === BLOCK_TRAILER) {
      this.#trailer();
    } else {
      this.#payloadBytes += blocks.end - blocks.start;
      this.#ops.read(blocks.bytes, blocks.view, blocks.start, blocks.end, blocks.offset);
    }
  }

  #trailer(): void {
    const { view, start, offset } = this.#blocks;
    const ops = this.#ops;
    const word = (index: number): number => view.getUint32(start + index * 4, true);
    const count = (index: number): number => word(index) + word(index + 1) * 2 ** 32;
    const same =
      count(0) === ops.records &&
      count(2) === ops.elements &&
      count(4) === this.#payloadBytes &&
      ops.content.sum.every((sum, i) => sum === (word(6 + i) | 0));
    if (!ops.settled) throw new SnapshotCorruptError(offset, 'a value that is not whole');
    if (!same) throw new SnapshotCorruptError(offset, 'counts or digest of another content');
    this.#whole = true;
  }
}

/** The head of the file that begins so; null when these are too few bytes. Throws {@link SnapshotCorruptError}. */
export function readSnapshotHead(bytes: Uint8Array): SnapshotHead | null {
  const blocks = new BlockReader();
  blocks.take(bytes, 0);
  return blocks.complete ? headOf(blocks) : null;
}

function headOf({ bytes, start, end, offset }: BlockReader): SnapshotHead {
  const head = decodeHead(bytes.subarray(start, end));
  if (head === null) throw new SnapshotCorruptError(offset, 'a head that is none');
  return head;
}
