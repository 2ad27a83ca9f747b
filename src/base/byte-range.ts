/**
 * A place among bytes: `bytes[start, end)`, and the same bytes as a DataView whose offsets are those of `bytes`.
 * One is made once and moved about, so that reading a value allocates nothing. What it points to is valid as
 * long as its owner says.
 */
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

export class ByteRange {
  bytes: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  start = 0;
  end = 0;

  /** How many bytes it covers. */
  get length(): number {
    return this.end - this.start;
  }

  /** Moves it to bytes[start, end); `view` covers the same bytes as `bytes`. */
  set(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.bytes = bytes;
    this.view = view;
    this.start = start;
    this.end = end;
  }

  /** Lets go of the bytes: it is empty. */
  clear(): void {
    this.set(NO_BYTES, NO_VIEW, 0, 0);
  }
}
