/**
 * Copies and comparisons of short byte ranges without an object: several bytes at a time by DataViews, which for
 * keys and small values is two to four times as fast as a loop over bytes or `set(subarray)`.
 */

/** From this many bytes on, the engine's own copy is faster than steps of eight, for all that it allocates. */
const LONG_BYTES = 256;

/**
 * Copies fromView[from, from + count) to toView[to, to + count). The two may overlap when `to` is not after
 * `from`.
 */
export function copyBytes(
  toView: DataView,
  to: number,
  fromView: DataView,
  from: number,
  count: number,
): void {
  if (count >= LONG_BYTES) {
    copyLong(toView, to, fromView, from, count);
    return;
  }
  const whole = count & ~7;
  for (let i = 0; i < whole; i += 8) {
    toView.setBigUint64(to + i, fromView.getBigUint64(from + i, true), true);
  }
  let at = whole;
  if ((count & 4) !== 0) {
    toView.setInt32(to + at, fromView.getInt32(from + at, true), true);
    at += 4;
  }
  if ((count & 2) !== 0) {
    toView.setInt16(to + at, fromView.getInt16(from + at, true), true);
    at += 2;
  }
  if ((count & 1) !== 0) toView.setInt8(to + at, fromView.getInt8(from + at));
}

function copyLong(
  toView: DataView,
  to: number,
  fromView: DataView,
  from: number,
  count: number,
): void {
  const target = new Uint8Array(toView.buffer, toView.byteOffset + to, count);
  target.set(new Uint8Array(fromView.buffer, fromView.byteOffset + from, count));
}

/** Are a[aStart, aStart + count) and b[bStart, bStart + count) the same bytes? */
export function sameBytes(
  aView: DataView,
  aStart: number,
  bView: DataView,
  bStart: number,
  count: number,
): boolean {
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    if (aView.getInt32(aStart + i, true) !== bView.getInt32(bStart + i, true)) return false;
  }
  for (let i = whole; i < count; i++) {
    if (aView.getInt8(aStart + i) !== bView.getInt8(bStart + i)) return false;
  }
  return true;
}

/**
 * The last four bytes of a name, 0 of a shorter one. Names that stand together often begin alike, so their ends tell
 * most of them apart.
 */
export function tailOf(view: DataView, start: number, count: number): number {
  return count < 4 ? 0 : view.getInt32(start + count - 4, true);
}

/** A larger array is a request or a value of its own size, which must not outlive its use: 512 MiB, maybe. */
const LARGEST_REMEMBERED_BYTES = 16 * 1024 * 1024;

// The arrays that views were asked for last. Most callers give the socket's read buffer, always the same.
let lastBytes: Uint8Array = new Uint8Array(0);
let lastView: DataView = new DataView(lastBytes.buffer);
let olderBytes = lastBytes;
let olderView = lastView;

/** A DataView of the same bytes as `bytes`; the one made before if `bytes` was asked for lately. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes === lastBytes) return lastView;
  const view =
    bytes === olderBytes
      ? olderView
      : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength > LARGEST_REMEMBERED_BYTES) return view;
  olderBytes = lastBytes;
  olderView = lastView;
  lastBytes = bytes;
  lastView = view;
  return view;
}
