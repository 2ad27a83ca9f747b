/**
 * What members say to each other about snapshot files: one asks for a piece, the other answers with it, or that it
 * has no such file. Nothing is kept about it: whoever asks repeats what was lost.
 *
 *   request: [1][index u53][offset u53][most bytes u32]
 *   piece:   [2][index u53][offset u53][term u53][file size u53][bytes]
 *   absent:  [3][index u53]
 */
import { ByteReader, type ByteWriter } from '#base/bytes.ts';

const REQUEST = 1;
const PIECE = 2;
const ABSENT = 3;

export type SnapshotFrame =
  | {
      readonly type: 'request';
      readonly index: number;
      readonly offset: number;
      readonly maxBytes: number;
    }
  | {
      readonly type: 'piece';
      readonly index: number;
      readonly offset: number;
      readonly term: number;
      readonly sizeBytes: number;
      /** Part of the frame that was decoded. */
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'absent'; readonly index: number };

export function encodeSnapshotFrame(frame: SnapshotFrame, into: ByteWriter): void {
  switch (frame.type) {
    case 'request':
      into.uint8(REQUEST);
      into.uint53(frame.index);
      into.uint53(frame.offset);
      into.uint32(frame.maxBytes);
      return;
    case 'piece':
      into.uint8(PIECE);
      into.uint53(frame.index);
      into.uint53(frame.offset);
      into.uint53(frame.term);
      into.uint53(frame.sizeBytes);
      into.raw(frame.bytes);
      return;
    case 'absent':
      into.uint8(ABSENT);
      into.uint53(frame.index);
      return;
  }
}

/** Throws a `TruncatedError` or RangeError on bytes that are no such frame. */
export function decodeSnapshotFrame(bytes: Uint8Array): SnapshotFrame {
  const reader = new ByteReader(bytes);
  const type = reader.uint8();
  const index = reader.uint53();
  if (type === ABSENT) return { type: 'absent', index };
  const offset = reader.uint53();
  if (type === REQUEST) return { type: 'request', index, offset, maxBytes: reader.uint32() };
  if (type !== PIECE) throw new RangeError(`no snapshot frame has type ${type}`);
  const term = reader.uint53();
  const sizeBytes = reader.uint53();
  return { type: 'piece', index, offset, term, sizeBytes, bytes: bytes.subarray(reader.at) };
}
