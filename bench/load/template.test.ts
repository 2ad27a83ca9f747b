import { expect, test } from 'vitest';
import { Batch, compile, Numbers } from './template.ts';

function text(batch: Batch): string {
  return Buffer.from(batch.whole).toString();
}

test('a command is encoded, and its numbers count up over batches', () => {
  const batch = new Batch([compile('SET k:__next_int__ v')], null, 2, new Numbers(10, 1));
  batch.refresh();
  batch.refresh();
  expect(text(batch)).toBe(
    '*3\r\n$3\r\nSET\r\n$14\r\nk:000000000002\r\n$1\r\nv\r\n' +
      '*3\r\n$3\r\nSET\r\n$14\r\nk:000000000003\r\n$1\r\nv\r\n',
  );
});

test('a short batch has fewer commands, a trailer comes once and last', () => {
  const batch = new Batch([compile('GET a')], compile('WAITAOF 1 1 0'), 16, new Numbers(10, 1));
  batch.refresh(2);
  expect(text(batch).match(/GET/g)).toHaveLength(2);
  expect(text(batch)).toMatch(/WAITAOF\r\n\$1\r\n1\r\n\$1\r\n1\r\n\$1\r\n0\r\n$/);
});

test('same numbers are the same within a command, random ones are below the range', () => {
  const numbers = new Numbers(1000, 7);
  const batch = new Batch(
    [compile('MSET {__same_int__}a __rand_int__ {__same_int__}b 1')],
    null,
    1,
    numbers,
  );
  const seen = new Set<string>();
  for (let round = 0; round < 100; round++) {
    batch.refresh();
    const [first, value, second] = text(batch).match(/\d{12}/g) ?? [];
    expect(first).toBe(second);
    expect(Number(value)).toBeLessThan(1000);
    seen.add(first ?? '');
  }
  expect(seen.size).toBeGreaterThan(50);
});

test('variants all occur', () => {
  const batch = new Batch([compile('SET a 1'), compile('DEL a')], null, 64, new Numbers(1000, 3));
  batch.refresh();
  expect(text(batch)).toMatch(/SET/);
  expect(text(batch)).toMatch(/DEL/);
});
