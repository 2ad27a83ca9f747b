/** A keyspace with string arguments, for tests: one character a byte. */
import type { ByteRange } from '#base/byte-range.ts';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { Keyspace } from '#node/keyspace/keyspace.ts';
import type { RecordReader } from '#node/keyspace/record-reader.ts';
import { TYPE_NAMES } from '#node/keyspace/record.ts';
import type { Values } from '#node/keyspace/values.ts';
import { describe, type ModelKey, type ModelValue } from './model.ts';

export class Driver {
  readonly keyspace: Keyspace;

  constructor(role: 'primary' | 'replica', hashSeed: readonly [number, number] = [1, 2]) {
    this.keyspace = new Keyspace({ hashSeed });
    this.keyspace.role = role;
    this.keyspace.recording = role === 'primary';
    this.keyspace.nowMs = 1_000_000;
  }

  /** What the key holds; null when it is not there. */
  find(key: string): ModelKey | null {
    const { keyspace } = this;
    const type = keyspace.find(fromLatin1(key), 0, key.length);
    if (type === 'none') return null;
    const { hashes, lists, sets, sortedSets } = keyspace;
    const values = { hash: hashes, list: lists, set: sets, sortedSet: sortedSets };
    const value = valueOf(type, keyspace.value, values);
    return { value, expiresAtMs: keyspace.expiresAtMs };
  }

  /** The string that the key is; null when it is none. */
  get(key: string): string | null {
    const value = this.find(key)?.value;
    return value?.type === 'string' ? value.text : null;
  }

  /** Every key that is not past its time, with what it holds. */
  describeAll(): Map<string, string> {
    const keys: string[] = [];
    this.keyspace.forEachKey((bytes, start, end) => {
      keys.push(latin1(bytes, start, end));
    });
    const out = new Map<string, string>();
    for (const key of keys) {
      const held = this.find(key);
      if (held !== null) out.set(key, describe(held));
    }
    return out;
  }

  set(key: string, value: string, expiresAtMs = 0): void {
    const [k, v] = [fromLatin1(key), fromLatin1(value)];
    this.keyspace.setString(k, 0, k.length, v, 0, v.length, expiresAtMs);
  }

  overwrite(key: string, offset: number, value: string): number {
    const [k, v] = [fromLatin1(key), fromLatin1(value)];
    return this.keyspace.overwrite(k, 0, k.length, offset, v, 0, v.length);
  }

  hashSet(key: string, field: string, value: string): boolean {
    const [k, f, v] = [fromLatin1(key), fromLatin1(field), fromLatin1(value)];
    return this.keyspace.hashes.set(k, 0, k.length, f, 0, f.length, v, 0, v.length);
  }

  hashDelete(key: string, field: string): boolean {
    const [k, f] = [fromLatin1(key), fromLatin1(field)];
    return this.keyspace.hashes.delete(k, 0, k.length, f, 0, f.length);
  }

  setAdd(key: string, member: string): boolean {
    const [k, m] = [fromLatin1(key), fromLatin1(member)];
    return this.keyspace.sets.add(k, 0, k.length, m, 0, m.length);
  }

  setRemove(key: string, member: string): boolean {
    const [k, m] = [fromLatin1(key), fromLatin1(member)];
    return this.keyspace.sets.remove(k, 0, k.length, m, 0, m.length);
  }

  sortedSetAdd(key: string, score: number, member: string): string {
    const [k, m] = [fromLatin1(key), fromLatin1(member)];
    return this.keyspace.sortedSets.add(k, 0, k.length, score, m, 0, m.length);
  }

  sortedSetRemove(key: string, member: string): boolean {
    const [k, m] = [fromLatin1(key), fromLatin1(member)];
    return this.keyspace.sortedSets.remove(k, 0, k.length, m, 0, m.length);
  }

  push(key: string, atHead: boolean, element: string): number {
    const [k, e] = [fromLatin1(key), fromLatin1(element)];
    return this.keyspace.lists.push(k, 0, k.length, atHead, e, 0, e.length);
  }

  pop(key: string, atHead: boolean): void {
    this.keyspace.lists.pop(fromLatin1(key), 0, key.length, atHead);
  }

  insert(key: string, index: number, element: string): void {
    const [k, e] = [fromLatin1(key), fromLatin1(element)];
    this.keyspace.lists.insert(k, 0, k.length, index, e, 0, e.length);
  }

  replace(key: string, index: number, element: string): void {
    const [k, e] = [fromLatin1(key), fromLatin1(element)];
    this.keyspace.lists.replace(k, 0, k.length, index, e, 0, e.length);
  }

  removeRange(key: string, from: number, count: number): void {
    this.keyspace.lists.removeRange(fromLatin1(key), 0, key.length, from, count);
  }

  removeEqual(key: string, element: string, maxCount: number, fromTail: boolean): number {
    const [k, e] = [fromLatin1(key), fromLatin1(element)];
    return this.keyspace.lists.removeEqual(k, 0, k.length, e, 0, e.length, maxCount, fromTail);
  }

  delete(key: string): boolean {
    return this.keyspace.delete(fromLatin1(key), 0, key.length);
  }

  setExpiry(key: string, atMs: number): boolean {
    return this.keyspace.setExpiry(fromLatin1(key), 0, key.length, atMs);
  }

  rename(from: string, to: string): void {
    const [f, t] = [fromLatin1(from), fromLatin1(to)];
    this.keyspace.rename(f, 0, f.length, t, 0, t.length);
  }

  copy(from: string, to: string): void {
    const [f, t] = [fromLatin1(from), fromLatin1(to)];
    this.keyspace.copy(f, 0, f.length, t, 0, t.length);
  }

  encodingOf(key: string): string {
    return this.keyspace.peek(fromLatin1(key), 0, key.length) === 'none'
      ? 'none'
      : this.keyspace.encodingName();
  }

  takeEffects(): Uint8Array {
    const effects = this.keyspace.effects.copy();
    this.keyspace.effects.clear();
    return effects;
  }

  /** The index that a reader of `key` waits for. */
  waitOf(key: string): number {
    this.keyspace.beginCommand();
    this.find(key);
    return this.keyspace.waitIndex;
  }
}

/** What a walk hands out, as {@link Driver.describeAll} has it. */
export function describeRecord(reader: RecordReader): [string, string] {
  const value = valueOf(TYPE_NAMES[reader.type], reader.value, reader.values);
  return [shown(reader.key), describe({ value, expiresAtMs: reader.expiresAtMs })];
}

interface Readers {
  readonly hash: Pick<Values['hash'], 'first' | 'next' | 'field' | 'value'>;
  readonly list: Pick<Values['list'], 'seek' | 'next' | 'element'>;
  readonly set: Pick<Values['set'], 'first' | 'next' | 'member'>;
  readonly sortedSet: Pick<Values['sortedSet'], 'seek' | 'next' | 'member' | 'score'>;
}

function valueOf(
  type: string,
  text: ByteRange,
  { hash, list, set, sortedSet }: Readers,
): ModelValue {
  switch (type) {
    case 'string':
      return { type, text: shown(text) };
    case 'hash': {
      const fields = new Map<string, string>();
      for (let more = hash.first(); more; more = hash.next()) {
        fields.set(shown(hash.field), shown(hash.value));
      }
      return { type, fields };
    }
    case 'list': {
      const elements: string[] = [];
      for (let more = list.seek(0); more; more = list.next()) elements.push(shown(list.element));
      return { type, elements };
    }
    case 'set': {
      const members = new Set<string>();
      for (let more = set.first(); more; more = set.next()) members.add(shown(set.member));
      return { type, members };
    }
    default: {
      const scores = new Map<string, number>();
      for (let more = sortedSet.seek(0); more; more = sortedSet.next()) {
        scores.set(shown(sortedSet.member), sortedSet.score);
      }
      return { type: 'zset', scores };
    }
  }
}

function shown({ bytes, start, end }: ByteRange): string {
  return latin1(bytes, start, end);
}
