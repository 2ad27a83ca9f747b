import { expect, test } from 'vitest';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { Driver } from '#node/keyspace/testing/driver.ts';
import { RandomChanges } from '#node/keyspace/testing/random-changes.ts';
import { BlockWriter } from './block-writer.ts';
import {
  BLOCK_DATA,
  BLOCK_HEAD,
  BLOCK_TRAILER,
  encodeHead,
  MAGIC,
  MOST_PAYLOAD_BYTES,
  SnapshotCorruptError,
} from './format.ts';
import { readSnapshotHead, SnapshotReader } from './reader.ts';
import { fileOf, HEAD } from './testing/file.ts';

/** What is wrong with the file; null when nothing is. */
function faultOf(file: Uint8Array, keyspace = new Driver('replica').keyspace): string | null {
  const reader = new SnapshotReader(keyspace);
  try {
    reader.push(file);
    reader.end();
    return null;
  } catch (error) {
    if (!(error instanceof SnapshotCorruptError)) throw error;
    invariant(error.offset >= 0 && error.offset <= file.length, 'faults are in the file');
    return error.what;
  } finally {
    if (keyspace.size > 0) keyspace.clear();
  }
}

function smallFile(): Uint8Array {
  const driver = new Driver('primary');
  driver.set('s', 'value', 2_000_000);
  driver.hashSet('h', 'field', 'value');
  driver.setAdd('set', 'member');
  driver.sortedSetAdd('z', 1.5, 'member');
  for (const element of ['a', 'bb', '']) driver.push('l', false, element);
  for (let i = 0; i < 70; i++) driver.setAdd('large', String(i));
  return fileOf(driver.keyspace);
}

test('every bit that is turned is found', () => {
  const file = smallFile();
  expect(faultOf(file)).toBe(null);
  const { keyspace } = new Driver('replica');
  for (let bit = 0; bit < file.length * 8; bit++) {
    const damaged = file.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    expect({ bit, fault: faultOf(damaged, keyspace) }).not.toEqual({ bit, fault: null });
  }
});

test('a file that ends early, or goes on, is found', () => {
  const file = smallFile();
  const { keyspace } = new Driver('replica');
  for (let length = 0; length < file.length; length++) {
    expect(faultOf(file.subarray(0, length), keyspace)).toBe('the file ends early');
  }
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  expect(faultOf(longer)).toBe('bytes after the end');
});

test('blocks that are missing, exchanged or of another file are found', () => {
  const driver = new Driver('primary');
  for (let i = 0; i < 400; i++) driver.set(`k${i}`, 'v'.repeat(1000));
  const file = fileOf(driver.keyspace);
  const other = fileOf(driver.keyspace, { ...HEAD, index: HEAD.index + 1 });
  const [head, first, second, ...rest] = blocksOf(file);
  const join = (...blocks: Uint8Array[]): Uint8Array =>
    new Uint8Array(blocks.flatMap((b) => [...b]));
  expect(faultOf(join(head, first, second, ...rest))).toBe(null);
  expect(faultOf(join(head, second, first, ...rest))).toBe('a wrong checksum');
  expect(faultOf(join(head, second, ...rest))).toBe('a wrong checksum');
  expect(faultOf(join(head, first, first, second, ...rest))).toBe('a wrong checksum');
  expect(faultOf(join(head, blocksOf(other)[1], second, ...rest))).toBe('a wrong checksum');
});

/** The preamble with the head, then each block. */
function blocksOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset);
  const blocks: Uint8Array[] = [];
  let start = 0;
  for (let at = 12; at < file.length; start = at) {
    at += 12 + view.getUint32(at, true);
    blocks.push(file.subarray(start, at));
  }
  return blocks;
}

test('pieces of any size give the same', () => {
  const seed = 7;
  const random = new Prng(seed);
  const driver = new Driver('primary');
  const changes = new RandomChanges(driver, random, { keys: 50, elements: 500, drops: false });
  for (let i = 0; i < 5000; i++) changes.change();
  const file = fileOf(driver.keyspace);
  for (const most of [1, 13, 5000, 200_000]) {
    const reader = new SnapshotReader(new Driver('replica').keyspace);
    for (let at = 0; at < file.length; ) {
      const count = 1 + random.below(most);
      reader.push(file.slice(at, at + count));
      at += count;
    }
    expect(reader.end().digest).toBe(driver.keyspace.digest());
  }
});

test('the head is read from the first bytes alone', () => {
  const file = smallFile();
  const end = blocksOf(file)[0].length;
  expect(readSnapshotHead(file.subarray(0, end - 1))).toBe(null);
  expect(readSnapshotHead(file.subarray(0, end))).toEqual(HEAD);
  expect(readSnapshotHead(file)).toEqual(HEAD);
  const empty = { ...HEAD, settings: new Uint8Array(0), configIndex: 0 };
  expect(readSnapshotHead(fileOf(new Driver('primary').keyspace, empty))).toEqual(empty);
  const large = { ...HEAD, settings: new Uint8Array(3_000_000).fill(7) };
  expect(readSnapshotHead(fileOf(new Driver('primary').keyspace, large))).toEqual(large);
  expect(() => readSnapshotHead(new Uint8Array(12))).toThrow('no snapshot file');
});

/** A file whose checksums are right, with this in its data blocks. */
function forged(payloads: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [MAGIC, new Uint8Array([1, 0, 0, 0])];
  const out = new BlockWriter((bytes) => {
    parts.push(bytes.slice());
  }, BLOCK_DATA);
  out.head(encodeHead(HEAD), BLOCK_HEAD);
  for (const payload of payloads) {
    out.room(payload.length);
    out.view(new DataView(payload.buffer, payload.byteOffset), 0, payload.length);
    out.flush();
  }
  out.setKind(BLOCK_TRAILER);
  for (let i = 0; i < 10; i++) out.int32(0);
  out.flush();
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

test('garbage behind right checksums is refused, at once and without memory for what it claims', () => {
  const seed = 21;
  const random = new Prng(seed);
  const { keyspace } = new Driver('replica');
  const valid = blocksOf(smallFile())[1].subarray(12);
  for (let round = 0; round < 2000; round++) {
    // noise, or real ops with some bytes changed
    const payload = round % 2 === 0 ? valid.slice() : new Uint8Array(1 + random.below(300));
    const changes = round % 2 === 0 ? 1 + random.below(4) : payload.length;
    for (let i = 0; i < changes; i++) payload[random.below(payload.length)] = random.below(256);
    expect(faultOf(forged([payload]), keyspace)).not.toBe(null);
  }
  const noise = new Uint8Array(MOST_PAYLOAD_BYTES).fill(0x80);
  expect(faultOf(forged([noise]))).not.toBe(null);
});

test('a reader that has found a fault goes on saying so', () => {
  const reader = new SnapshotReader(null);
  const file = smallFile();
  file[0] ^= 1;
  const fault = { code: 'SNAPSHOT_CORRUPT', offset: 0, what: 'no snapshot file' };
  expect(() => reader.push(file)).toThrow(expect.objectContaining(fault));
  expect(() => reader.push(file)).toThrow(expect.objectContaining(fault));
  expect(() => reader.end()).toThrow(expect.objectContaining(fault));
});

test('random bytes are no file', () => {
  const random = new Prng(8);
  for (let round = 0; round < 200; round++) {
    const bytes = new Uint8Array(random.below(5000));
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
    if (round % 2 === 0) bytes.set(MAGIC.subarray(0, bytes.length));
    expect(faultOf(bytes)).not.toBe(null);
  }
});

test('an op that says what cannot be is refused', () => {
  const op = (...bytes: number[]): string | null => faultOf(forged([new Uint8Array(bytes)]));
  const key = [0, 0, 0, 1, 0x6b];
  expect(op(0)).toBe('an unknown type');
  expect(op(6, ...key)).toBe('an unknown type');
  expect(op(1 | (3 << 3), ...key, 0)).toBe('an unknown encoding');
  expect(op(1 | (1 << 5), 0, 0, 0, 0, 0, 0, 0, 0, ...key, 0)).toBe('no expiry');
  expect(op(1, ...key, 5, 1)).toBe('a value without its end');
  expect(op(1, ...key, 0xff, 0xff, 0xff, 0xff, 0x7f)).toBe('a byte string without its bytes');
  expect(op(4, ...key, 0)).toBe('a collection without elements');
  expect(op(4, ...key, 2, 1, 0x61, 1, 0x61)).toBe('a key, field or member twice');
  expect(op(1, ...key, 0, 1, ...key, 0)).toBe('a key, field or member twice');
  expect(op(5, ...key, 1, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0)).toBe('a score that is no number');
  expect(op(0x84, 0, 1, 0, 0)).toBe('a part of nothing');
  expect(op(0x44, ...key, 2, 0x84, 0, 0, 0)).toBe('a part without elements');
  expect(op(0x44, ...key, 2, 0x84, 0, 3, 0)).toBe('more elements than there are');
  expect(op(0x44, ...key, 2, 0x84, 0, 1, 0, 0)).toBe('a value that is not whole');
  expect(op(0x41, ...key, 5)).toBe('a value of an impossible size');
  expect(op(0x41, ...key, 0xff, 0xff, 0xff, 0xff, 0x7f)).toBe('a value of an impossible size');
  expect(op(0x41, ...key, 0x81, 0x80, 1, 0x81, 0, 0, 1, 0, 0)).toBe('a short chunk');
  expect(op(0x41, ...key, 0x81, 0x80, 1, 0x81, 0, 2, 1, 0, 0)).toBe('a chunk after the end');
  expect(op(0xc0, 1, 7)).toBe('a value that is not whole');
  expect(op(0xc0, 1, 7, 1, ...key, 0)).toBe('bytes that belong to nothing');
  expect(op(0xc1, 1, 7)).toBe('an unknown op');
  expect(op(0xc0, 0)).toBe('a piece of an impossible length');
  expect(op(1, ...key, 0)).toBe('counts or digest of another content');
  expect(op(1, 0, 0, 0, ...Array.from({ length: 9 }, () => 0x80))).toBe('a number too long');
});
