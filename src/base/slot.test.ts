import { expect, test } from 'vitest';
import { utf8 } from './bytes.ts';
import { Prng } from './prng.ts';
import { crc16, slotOfKey } from './slot.ts';

/** Bit by bit, as the specification defines it. */
function crc16Slowly(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
    }
  }
  return crc;
}

test('the checksum is CRC16-XMODEM, at every length and place', () => {
  expect(crc16(utf8('123456789'), 0, 9)).toBe(0x31c3);
  const seed = 77;
  const random = new Prng(seed);
  const bytes = Uint8Array.from({ length: 80 }, () => random.below(256));
  for (let length = 0; length < 40; length++) {
    const start = random.below(40);
    const expected = crc16Slowly(bytes.subarray(start, start + length));
    expect({ seed, start, length, crc: crc16(bytes, start, start + length) }).toEqual({
      seed,
      start,
      length,
      crc: expected,
    });
  }
});

test('only what stands in the first braces counts, unless there is nothing in them', () => {
  const slot = (key: string): number => slotOfKey(utf8(key), 0, utf8(key).length);
  const whole = (key: string): number => crc16Slowly(utf8(key)) & 16383;
  expect(slot('foo')).toBe(12182); // redis-cli CLUSTER KEYSLOT foo
  expect(slot('{user1000}.following')).toBe(slot('{user1000}.followers'));
  expect(slot('{user1000}.following')).toBe(whole('user1000'));
  expect(slot('foo{}{bar}')).toBe(whole('foo{}{bar}'));
  expect(slot('foo{{bar}}zap')).toBe(whole('{bar'));
  expect(slot('foo{bar}{zap}')).toBe(whole('bar'));
  expect(slot('open{brace')).toBe(whole('open{brace'));
  expect(slot('')).toBe(0);
});
