import { expect, test } from 'vitest';
import { ByteWriter } from './bytes.ts';

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
