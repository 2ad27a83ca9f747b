import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';
import { viewOf } from './copy.ts';

/** A number as {@link ByteWriter.leb128} writes it. */
function readLeb128(reader: ByteReader): number {
  for (let value = 0, unit = 1; ; unit *= 0x80) {
    const byte = reader.uint8();
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) return value;
  }
}

test('numbers of seven bits a byte read back, wherever the buffer ends', () => {
  const numbers = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER];
  const writer = new ByteWriter(1);
  for (let round = 0; round < 20; round++) for (const number of numbers) writer.leb128(number);
  const reader = new ByteReader(writer.bytes, 0, writer.length);
  for (let round = 0; round < 20; round++) {
    for (const number of numbers) expect(readLeb128(reader)).toBe(number);
  }
  expect(reader.left).toBe(0);
});

test('a block of any length is its length and its bytes', () => {
  const source = Uint8Array.from({ length: 20_000 }, (_, i) => i * 7);
  const writer = new ByteWriter(1);
  const lengths = [0, 1, 127, 128, 255, 256, 16_383, 16_384];
  for (const length of lengths) writer.shortBlock(viewOf(source), 3, 3 + length);
  const reader = new ByteReader(writer.bytes, 0, writer.length);
  for (const length of lengths) {
    expect(readLeb128(reader)).toBe(length);
    const at = reader.skip(length);
    expect(writer.bytes.slice(at, at + length)).toEqual(source.slice(3, 3 + length));
  }
  expect(reader.left).toBe(0);
});

const LARGE = 9 * 1024 * 1024;

test('a writer that grows or is cleared gives large memory back at once, and keeps what is small', () => {
  const writer = new ByteWriter(LARGE);
  writer.uint8(1);
  const first = writer.bytes;
  writer.reserve(LARGE);
  expect(first.buffer.detached).toBe(true);
  expect([writer.bytes[0], writer.length]).toEqual([1, 1]);
  const second = writer.bytes;
  writer.clear();
  expect(second.buffer.detached).toBe(true);
  expect(writer.bytes.length).toBeLessThan(1024);
  writer.uint32(7);
  const small = writer.bytes;
  writer.clear();
  expect(writer.bytes).toBe(small);
  writer.reserve(2048);
  expect(small.buffer.detached).toBe(false);
});
