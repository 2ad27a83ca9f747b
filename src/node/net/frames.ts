/**
 * Frames on a peer link: `[length of the payload u32 LE][type u8][payload]`.
 *
 * Types 1 to 239 belong to the shard (`#node/shard/ports.ts`), 0 and 240 to 255 to the link itself.
 */

export const FRAME_HELLO = 0;
/** Says why the link is closed; UTF-8. */
export const FRAME_REFUSED = 254;
export const FRAME_PING = 255;

export const FRAME_HEADER_BYTES = 5;

/** Writes the header of a frame at `at`. */
export function writeFrameHeader(into: Buffer, at: number, type: number, length: number): void {
  into.writeUInt32LE(length, at);
  into[at + 4] = type;
}

/** Cuts a stream of bytes into frames. A frame in one piece is a view of what arrived, not a copy. */
export class FrameReader {
  /** Largest payload that is accepted; the link raises it when it knows the other side. */
  maxBytes: number;
  readonly #onFrame: (type: number, payload: Uint8Array) => void;
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #payload: Buffer | null = null;
  #payloadBytes = 0;
  #stopped = false;

  constructor(maxBytes: number, onFrame: (type: number, payload: Uint8Array) => void) {
    this.maxBytes = maxBytes;
    this.#onFrame = onFrame;
  }

  /** Nothing is delivered any more, not even what is left of the bytes being pushed. */
  stop(): void {
    this.#stopped = true;
    this.#payload = null;
  }

  /** Takes what arrived; false when a frame is larger than allowed, and the link must be closed. */
  push(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length && !this.#stopped) {
      if (this.#payload !== null) {
        const copied = bytes.copy(this.#payload, this.#payloadBytes, at);
        at += copied;
        this.#payloadBytes += copied;
        if (this.#payloadBytes < this.#payload.length) return true;
        this.#deliver(this.#payload);
        continue;
      }
      const wanted = FRAME_HEADER_BYTES - this.#headerBytes;
      const copied = bytes.copy(this.#header, this.#headerBytes, at, at + wanted);
      at += copied;
      this.#headerBytes += copied;
      if (this.#headerBytes < FRAME_HEADER_BYTES) return true;
      const length = this.#header.readUInt32LE(0);
      if (length > this.maxBytes) return false;
      if (bytes.length - at >= length) {
        this.#deliver(bytes.subarray(at, at + length));
        at += length;
      } else {
        this.#payload = Buffer.allocUnsafeSlow(length);
        this.#payloadBytes = 0;
      }
    }
    return true;
  }

  #deliver(payload: Buffer): void {
    this.#payload = null;
    this.#headerBytes = 0;
    // a plain Uint8Array: slice() of a Buffer does not copy, and pure rooms rely on copies
    const { buffer, byteOffset, length } = payload;
    this.#onFrame(this.#header[4], new Uint8Array(buffer, byteOffset, length));
  }
}
