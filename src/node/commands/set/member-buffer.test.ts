import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { MemberBuffer } from './member-buffer.ts';

function contents(buffer: MemberBuffer): string[] {
  const found: string[] = [];
  for (let place = 0; place < buffer.places; place++) {
    const end = buffer.end(place);
    if (end >= 0) found.push(latin1(buffer.bytes, buffer.start(place), end));
  }
  return found;
}

test('it holds what a set would hold, in the order in which members came', () => {
  const buffer = new MemberBuffer();
  for (let seed = 1; seed <= 10; seed++) {
    const random = new Prng(seed);
    buffer.clear(random);
    const model = new Set<string>();
    for (let i = 0; i < 3000; i++) {
      const text = `m${random.below(1 + seed * 200)}`;
      const bytes = fromLatin1(text);
      if (random.chance(0.3)) {
        buffer.remove(bytes, 0, bytes.length);
        model.delete(text);
      } else {
        buffer.add(bytes, 0, bytes.length);
        model.add(text);
      }
      expect([seed, i, buffer.count]).toEqual([seed, i, model.size]);
    }
    expect(contents(buffer)).toEqual([...model]);
  }
});

test('what is appended is not looked for', () => {
  const buffer = new MemberBuffer();
  buffer.clear(new Prng(1));
  const bytes = fromLatin1('abc');
  for (let i = 0; i < 200; i++) buffer.append(bytes, 0, i % 4);
  expect(buffer.count).toBe(200);
  expect(contents(buffer).slice(0, 5)).toEqual(['', 'a', 'ab', 'abc', '']);
});
