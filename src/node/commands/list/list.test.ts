import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { Engine } from '#node/commands/testing/engine.ts';

/** The bulk strings of a flat reply. */
function items(reply: string): string[] {
  const lines = reply.split('\r\n');
  return lines.filter((_, i) => i > 0 && /^\$\d/.test(lines[i - 1]));
}

/** What a list is by the rules of Redis, on a plain array. */
class Model {
  elements: string[] = [];

  range(start: number, stop: number): string[] {
    const size = this.elements.length;
    const from = Math.max(0, start < 0 ? start + size : start);
    const to = stop < 0 ? stop + size : stop;
    return this.elements.slice(from, Math.max(0, to + 1));
  }

  remove(count: number, element: string): number {
    const places = this.elements.flatMap((one, place) => (one === element ? [place] : []));
    const wanted = count === 0 ? places : count > 0 ? places.slice(0, count) : places.slice(count);
    this.elements = this.elements.filter((_, place) => !wanted.includes(place));
    return wanted.length;
  }
}

/** One random command on both; its name and arguments, our reply and the one that is right. */
function step(engine: Engine, model: Model, random: Prng): [string[], string, string] {
  const element = `${'e'.repeat(random.chance(0.02) ? 5000 : 1)}${random.below(12)}`;
  const place = random.below(model.elements.length + 4) - 2;
  const size = model.elements.length;
  const call = (words: (string | number)[], right: string): [string[], string, string] => {
    const line = words.map(String);
    return [line, engine.call(...line), right];
  };
  switch (random.below(9)) {
    case 0:
      model.elements.unshift(element);
      return call(['LPUSH', 'l', element], `:${size + 1}\r\n`);
    case 1: {
      const many = Array.from({ length: random.below(30) + 1 }, () => `m${random.below(9)}`);
      model.elements.push(...many);
      return call(['RPUSH', 'l', ...many], `:${size + many.length}\r\n`);
    }
    case 2: {
      const taken = random.chance(0.5) ? model.elements.shift() : undefined;
      if (taken !== undefined) return call(['LPOP', 'l'], `$${taken.length}\r\n${taken}\r\n`);
      const last = model.elements.splice(-3).reverse();
      const right = last.map((one) => `$${one.length}\r\n${one}\r\n`).join('');
      return call(['RPOP', 'l', 3], size === 0 ? '*-1\r\n' : `*${last.length}\r\n${right}`);
    }
    case 3: {
      const there = place >= 0 ? place < size : place + size >= 0;
      if (there) model.elements[place < 0 ? place + size : place] = element;
      const refused = size === 0 ? '-ERR no such key\r\n' : '-ERR index out of range\r\n';
      return call(['LSET', 'l', place, element], there ? '+OK\r\n' : refused);
    }
    case 4: {
      const pivot = `m${random.below(12)}`;
      const at = model.elements.indexOf(pivot);
      const before = random.chance(0.5);
      if (at >= 0) model.elements.splice(before ? at : at + 1, 0, element);
      const right = size === 0 ? 0 : at < 0 ? -1 : size + 1;
      return call(['LINSERT', 'l', before ? 'BEFORE' : 'AFTER', pivot, element], `:${right}\r\n`);
    }
    case 5: {
      const count = random.below(7) - 3;
      return call(['LREM', 'l', count, element], `:${model.remove(count, element)}\r\n`);
    }
    case 6: {
      const stop = random.chance(0.9) ? -1 - random.below(3) : random.below(20);
      const start = random.below(2);
      model.elements = model.range(start, stop);
      return call(['LTRIM', 'l', start, stop], '+OK\r\n');
    }
    case 7: {
      const at = model.elements.indexOf(element);
      return call(['LPOS', 'l', element], at < 0 ? '$-1\r\n' : `:${at}\r\n`);
    }
    default: {
      const moved = model.elements.pop();
      if (moved !== undefined) model.elements.unshift(moved);
      const right = moved === undefined ? '$-1\r\n' : `$${moved.length}\r\n${moved}\r\n`;
      return call(['LMOVE', 'l', 'l', 'RIGHT', 'LEFT'], right);
    }
  }
}

test('any sequence of changes leaves what a plain array would hold', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const engine = new Engine();
    const model = new Model();
    const random = new Prng(seed);
    for (let i = 0; i < 400; i++) {
      const [line, ours, right] = step(engine, model, random);
      expect({ seed, i, line, reply: ours }).toEqual({ seed, i, line, reply: right });
      if (i % 20 !== 0) continue;
      expect({ seed, i, items: items(engine.call('LRANGE', 'l', '0', '-1')) }).toEqual({
        seed,
        i,
        items: model.elements,
      });
      const from = random.below(40) - 20;
      const to = random.below(40) - 20;
      expect(items(engine.call('LRANGE', 'l', `${from}`, `${to}`))).toEqual(model.range(from, to));
    }
    engine.call('DEL', 'l');
  }
});

test('a list is a listpack up to 8 KiB and one again below half of that', () => {
  const engine = new Engine();
  const encoding = (): string => engine.call('OBJECT', 'ENCODING', 'l').split('\r\n')[1];
  engine.call('RPUSH', 'l', 'x'.repeat(4000));
  engine.call('RPUSH', 'l', 'x'.repeat(4000));
  expect(encoding()).toBe('listpack');
  engine.call('RPUSH', 'l', 'x'.repeat(300));
  expect(encoding()).toBe('quicklist');
  engine.call('LPOP', 'l');
  engine.call('LPOP', 'l');
  expect(encoding()).toBe('listpack');
});

test('one element that moves within its list keeps the key and its expiry', () => {
  const engine = new Engine();
  engine.call('RPUSH', 'l', 'a');
  engine.call('PEXPIRE', 'l', '5000');
  expect(engine.call('LMOVE', 'l', 'l', 'LEFT', 'RIGHT')).toBe('$1\r\na\r\n');
  expect(engine.call('RPOPLPUSH', 'l', 'l')).toBe('$1\r\na\r\n');
  expect(engine.call('PTTL', 'l')).toBe(':5000\r\n');
  expect(engine.call('LRANGE', 'l', '0', '-1')).toBe('*1\r\n$1\r\na\r\n');
});

test('the key goes with its last element', () => {
  const lines = [
    ['LPOP', 'l'],
    ['RPOP', 'l', '5'],
    ['LREM', 'l', '0', 'a'],
    ['LTRIM', 'l', '5', '10'],
    ['LMPOP', '1', 'l', 'LEFT', 'COUNT', '2'],
  ];
  for (const line of lines) {
    const engine = new Engine();
    engine.call('RPUSH', 'l', 'a');
    engine.call(...line);
    expect([line, engine.call('EXISTS', 'l')]).toEqual([line, ':0\r\n']);
  }
  const engine = new Engine();
  engine.call('RPUSH', 'l', 'a');
  engine.call('LMOVE', 'l', 'l', 'LEFT', 'LEFT');
  expect(engine.call('EXISTS', 'l')).toBe(':1\r\n');
});

test('what is moved to another list is the same bytes, however long', () => {
  const engine = new Engine();
  const long = 'z'.repeat(100_000);
  engine.call('RPUSH', '{l}1', 'a', long);
  expect(engine.call('LMOVE', '{l}1', '{l}2', 'RIGHT', 'LEFT')).toBe(`$100000\r\n${long}\r\n`);
  expect(engine.call('LRANGE', '{l}2', '0', '-1')).toBe(`*1\r\n$100000\r\n${long}\r\n`);
});

test('LMPOP takes from the first list that is there, and refuses another type before it', () => {
  const engine = new Engine();
  engine.call('RPUSH', '{l}2', 'a', 'b', 'c');
  const reply = engine.call('LMPOP', '2', '{l}1', '{l}2', 'RIGHT', 'COUNT', '2');
  expect(reply).toBe('*2\r\n$4\r\n{l}2\r\n*2\r\n$1\r\nc\r\n$1\r\nb\r\n');
  engine.call('SET', '{l}1', 'v');
  expect(engine.call('LMPOP', '2', '{l}1', '{l}2', 'LEFT')).toMatch(/^-WRONGTYPE/);
  expect(engine.call('LMPOP', '2', '{l}2', '{l}1', 'LEFT')).toBe(
    '*2\r\n$4\r\n{l}2\r\n*1\r\n$1\r\na\r\n',
  );
});
