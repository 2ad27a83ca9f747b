/** Snapshot files in memory, for tests. */
import { utf8 } from '#base/bytes.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import { Driver } from '#node/keyspace/testing/driver.ts';
import type { SnapshotHead } from '#node/snapshot/format.ts';
import { SnapshotReader } from '#node/snapshot/reader.ts';
import { SnapshotWriter } from '#node/snapshot/writer.ts';

export const HEAD: SnapshotHead = {
  clusterId: 'c-1',
  shard: 'shard-0',
  index: 4_294_967_300,
  term: 7,
  configIndex: 3,
  membership: { voters: ['a', 'b', 'c'], learners: ['d'] },
  shardTimeMs: 1_764_000_000_123,
  settings: utf8('{"revision":1}'),
  formatVersion: 1,
};

/** A file in the making. */
export class FileMaker {
  readonly writer: SnapshotWriter;
  readonly #parts: Uint8Array[] = [];

  constructor(head: SnapshotHead = HEAD) {
    this.writer = new SnapshotWriter(head, (bytes) => {
      this.#parts.push(bytes.slice());
    });
  }

  /** What has been emitted. */
  get bytes(): Uint8Array {
    const all = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** The file of a keyspace that does not change meanwhile. */
export function fileOf(keyspace: Keyspace, head: SnapshotHead = HEAD): Uint8Array {
  const maker = new FileMaker(head);
  maker.writer.begin(keyspace);
  while (!maker.writer.step(100));
  return maker.bytes;
}

/** A replica that holds what is in the file, with the digest that the file names. */
export function load(
  file: Uint8Array,
  hashSeed: readonly [number, number] = [5, 6],
): { driver: Driver; records: number; digest: string } {
  const driver = new Driver('replica', hashSeed);
  const reader = new SnapshotReader(driver.keyspace);
  for (let at = 0; at < file.length; at += 50_000) reader.push(file.subarray(at, at + 50_000));
  return { driver, ...reader.end() };
}
