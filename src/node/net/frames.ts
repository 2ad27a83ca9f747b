/**
 * Frames on a peer link: `[length of the payload u32 LE][type u8][payload]`.
 *
 * Types 1 to 239 belong to the shard (`#node/shard/ports.ts`), 0 and 240 to 255 to the link itself.
 */
import { ByteWriter } from '#base/bytes.ts';

export const FRAME_HELLO = 0;
/** Says why the link is closed; UTF-8. */
export const FRAME_REFUSED = 254;
export const FRAME_PING = 255;

export const FRAME_HEADER_BYTES = 5;

/** Appends a frame to `into`. */
export function writeFrame(into: ByteWriter, type: number, payload: Uint8Array): void {
  into.uint32(payload.length);
  into.uint8(type);
  into.raw(payload);
}

/**
 * Cuts a stream of bytes into frames. The payload that is delivered is a view, of what arrived or of memory of the
 * reader's own: it is valid only during the call.
 */
export class FrameReader {
  /** Largest payload that is accepted; the link raises it when it knows the other side. */
  maxBytes: number;
  readonly #onFrame: (type: number, payload: Uint8Array) => void;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  /** Of the frame under way, when its header is complete. */
  #length = 0;
  /** What has come of it, if it does not come in one piece. */
  readonly #part = new ByteWriter();
  #stopped = false;

  constructor(maxBytes: number, onFrame: (type: number, payload: Uint8Array) => void) {
    this.maxBytes = maxBytes;
    this.#onFrame = onFrame;
  }

  /** Nothing is delivered any more, not even what is left of the bytes being pushed. */
  stop(): void {
    this.#stopped = true;
    this.#part.clear();
  }

  /** Takes bytes[0, end); false when a frame is larger than allowed, and the link must be closed. */
  push(bytes: Uint8Array, end: number): boolean {
    let at = 0;
    while (at < end && !this.#stopped) {
      while (this.#headerBytes < FRAME_HEADER_BYTES) {
        if (at === end) return true;
        this.#header[this.#headerBytes++] = bytes[at++];
        if (this.#headerBytes < FRAME_HEADER_BYTES) continue;
        this.#length = lengthIn(this.#header);
        if (this.#length > this.maxBytes) return false;
      }
      const stop = Math.min(end, at + this.#length - this.#part.length);
      if (stop - at === this.#length) {
        this.#deliver(bytes.subarray(at, stop));
      } else {
        if (this.#part.length === 0) this.#part.reserve(this.#length);
        this.#part.raw(bytes, at, stop);
        if (this.#part.length < this.#length) return true;
        this.#deliver(this.#part.written);
        this.#part.clear();
      }
      at = stop;
    }
    return true;
  }

  #deliver(payload: Uint8Array): void {
    this.#headerBytes = 0;
    this.#onFrame(this.#header[4], payload);
  }
}

function lengthIn(header: Uint8Array): number {
  return (header[0] | (header[1] << 8) | (header[2] << 16) | (header[3] << 24)) >>> 0;
}
