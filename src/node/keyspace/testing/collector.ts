/** Puts together what a walk hands out, and complains about what comes twice or is not whole. */
import type { ByteRange } from '#base/byte-range.ts';
import { latin1 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { CHUNK_BYTES, TYPE_NAMES } from '#node/keyspace/record.ts';
import type { RecordReader } from '#node/keyspace/record-reader.ts';
import type { LargeValue, WalkVisitor } from '#node/keyspace/walk-visitor.ts';
import { describeRecord } from './driver.ts';
import { describe, type ModelValue } from './model.ts';

interface Begun {
  readonly key: string;
  readonly expiresAtMs: number;
  readonly size: number;
  readonly parts: Map<string | number, string | number>;
}

export class Collector implements WalkVisitor {
  /** How much was handed out in parts, and how many records were not. */
  parts = 0;
  wholes = 0;
  readonly #whole = new Map<string, string>();
  readonly #begun: Begun[] = [];
  readonly #types: string[] = [];
  readonly #names = new Set<string>();

  /** Each key with what it held, as `Driver.describeAll` has it; without those that are not whole. */
  get seen(): Map<string, string> {
    const seen = new Map(this.#whole);
    for (const [number, begun] of this.#begun.entries()) {
      const value = valueOf(this.#types[number], begun);
      if (value !== null) seen.set(begun.key, describe({ value, expiresAtMs: begun.expiresAtMs }));
    }
    return seen;
  }

  whole(record: RecordReader): void {
    const [key, held] = describeRecord(record);
    this.#checkNew(key);
    this.#whole.set(key, held);
    this.wholes++;
  }

  begin(record: RecordReader, { number, type, size }: LargeValue): void {
    const { bytes, start, end } = record.key;
    const key = latin1(bytes, start, end);
    this.#checkNew(key);
    invariant(number === this.#begun.length, 'large values are numbered in their order');
    this.#types.push(TYPE_NAMES[type]);
    this.#begun.push({ key, expiresAtMs: record.expiresAtMs, size, parts: new Map() });
  }

  chunk({ number }: LargeValue, index: number, view: DataView, start: number, end: number): void {
    this.#add(number, index, latin1(new Uint8Array(view.buffer, start, end - start)));
  }

  field({ number }: LargeValue, field: ByteRange, content: ByteRange): void {
    this.#add(number, shown(field), shown(content));
  }

  member({ number }: LargeValue, member: ByteRange): void {
    this.#add(number, shown(member), '');
  }

  scored({ number }: LargeValue, score: number, member: ByteRange): void {
    this.#add(number, shown(member), score);
  }

  element({ number }: LargeValue, index: number, element: ByteRange): void {
    this.#add(number, index, shown(element));
  }

  #add(number: number, name: string | number, content: string | number): void {
    const { key, parts, size } = this.#begun[number];
    invariant(!parts.has(name), `${name} of ${key} is handed out once`);
    invariant(parts.size < size, `${key} has no more than it had`);
    parts.set(name, content);
    this.parts++;
  }

  #checkNew(key: string): void {
    invariant(!this.#names.has(key), `${key} is handed out once`);
    this.#names.add(key);
  }
}

/** Null when it is not whole. */
function valueOf(type: string, { parts, size }: Begun): ModelValue | null {
  const ordered = [...parts].sort(([a], [b]) => Number(a) - Number(b));
  const texts = ordered.map(([, content]) => String(content));
  if (type === 'string') {
    return parts.size < Math.ceil(size / CHUNK_BYTES) ? null : { type, text: texts.join('') };
  }
  if (parts.size < size) return null;
  const names = [...parts.keys()].map(String);
  switch (type) {
    case 'hash':
      return { type, fields: new Map([...parts].map(([f, v]) => [String(f), String(v)])) };
    case 'list':
      return { type, elements: texts };
    case 'set':
      return { type, members: new Set(names) };
    default:
      return { type: 'zset', scores: new Map([...parts].map(([m, s]) => [String(m), Number(s)])) };
  }
}

function shown({ bytes, start, end }: ByteRange): string {
  return latin1(bytes, start, end);
}
