/** A pulse, and the answer to it, on a link: `[term u53][send time in µs u53]`, always of this size. */
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { Beat } from './pulse-side.ts';

export const BEAT_BYTES = 16;

/** Frame types on pulse links. */
export const FRAME_PULSE = 1;
export const FRAME_ANSWER = 2;

const writer = new ByteWriter(BEAT_BYTES);

/** Valid until the next call. */
export function encodeBeat({ term, sentUs }: Beat): Uint8Array {
  writer.clear();
  writer.uint53(term);
  writer.uint53(sentUs);
  return writer.written;
}

/** null for what {@link encodeBeat} has not written. */
export function decodeBeat(bytes: Uint8Array): Beat | null {
  if (bytes.length !== BEAT_BYTES) return null;
  const reader = new ByteReader(bytes);
  const term = reader.uint53();
  const sentUs = reader.uint53();
  return Number.isSafeInteger(term) && Number.isSafeInteger(sentUs) ? { term, sentUs } : null;
}
