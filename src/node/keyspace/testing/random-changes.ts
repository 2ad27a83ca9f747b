/** Random changes of every kind to a keyspace and to a model of it, comparing what they answer. */
import { fromLatin1 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import type { Prng } from '#base/prng.ts';
import { slotOfKey } from '#base/slot.ts';
import type { Driver } from './driver.ts';
import { copyOf, type Model, type ModelKey } from './model.ts';

/** How many names there are, and how large values get. */
export interface ChangeOptions {
  readonly keys: number;
  readonly elements: number;
  /** FLUSHALL and slot drops happen. */
  readonly drops: boolean;
}

export class RandomChanges {
  readonly model: Model = new Map();
  readonly #driver: Driver;
  readonly #random: Prng;
  readonly #options: ChangeOptions;
  #step = 0;

  constructor(driver: Driver, random: Prng, options: ChangeOptions) {
    this.#driver = driver;
    this.#random = random;
    this.#options = options;
  }

  /** Takes over what the keyspace holds. */
  adopt(): void {
    this.model.clear();
    for (const key of this.#driver.describeAll().keys()) {
      const held = this.#driver.find(key);
      if (held !== null) this.model.set(key, held);
    }
  }

  /** One change, or an attempt at one. */
  change(): void {
    this.#step++;
    this.#driver.keyspace.beginCommand();
    const random = this.#random;
    const key = `k${random.below(this.#options.keys)}`;
    this.#look(key);
    const held = this.model.get(key);
    const choice = random.below(100);
    if (choice < 8) this.#setString(key);
    else if (choice < 20) this.#changeWhole(key, held);
    else if (choice < 21 && this.#options.drops) this.#drop(key);
    else if (held === undefined) this.#create(key);
    else this.#changeValue(key, held);
  }

  /** As commands do: a key past its time is deleted when it is looked up. */
  #look(key: string): void {
    const held = this.model.get(key);
    if (held !== undefined && this.#isPast(held)) this.model.delete(key);
    const { keyspace } = this.#driver;
    const type = keyspace.find(fromLatin1(key), 0, key.length);
    const expected = this.model.get(key)?.value.type ?? 'none';
    invariant(type === expected, `${key} is ${type}, not ${expected}`);
  }

  #isPast({ expiresAtMs }: ModelKey): boolean {
    return expiresAtMs !== 0 && expiresAtMs < this.#driver.keyspace.nowMs;
  }

  /** Removes what the keyspace's active expiry removes. */
  expireAll(): void {
    while (this.#driver.keyspace.expireSlice(7) > 0);
    for (const [key, held] of this.model) if (this.#isPast(held)) this.model.delete(key);
  }

  #expiry(): number {
    const random = this.#random;
    return random.chance(0.4) ? this.#driver.keyspace.nowMs + random.below(400) : 0;
  }

  #text(): string {
    const random = this.#random;
    const size = random.chance(0.02) ? random.below(9000) : random.below(90);
    if (random.chance(0.2)) return String(random.below(100_000) - 50_000);
    return 'v'.repeat(size) + this.#step;
  }

  #element(): string {
    const random = this.#random;
    if (random.chance(0.01)) return `e${'x'.repeat(random.below(6000))}`;
    return `e${random.below(this.#options.elements)}`;
  }

  #setString(key: string): void {
    const text = this.#text();
    const expiresAtMs = this.#expiry();
    this.#driver.set(key, text, expiresAtMs);
    this.model.set(key, { value: { type: 'string', text }, expiresAtMs });
  }

  #changeWhole(key: string, held: ModelKey | undefined): void {
    const random = this.#random;
    const other = `k${random.below(this.#options.keys)}`;
    const choice = random.below(12);
    if (choice < 4) {
      this.#same(this.#driver.delete(key), this.model.delete(key));
    } else if (choice < 7) {
      const expiresAtMs = this.#expiry();
      this.#same(this.#driver.setExpiry(key, expiresAtMs), held !== undefined);
      if (held !== undefined) held.expiresAtMs = expiresAtMs;
    } else if (held !== undefined && other !== key) {
      this.#look(other);
      if (choice < 10) this.#driver.rename(key, other);
      else this.#driver.copy(key, other);
      this.model.set(other, { value: copyOf(held.value), expiresAtMs: held.expiresAtMs });
      if (choice < 10) this.model.delete(key);
    }
  }

  #drop(key: string): void {
    if (this.#random.chance(0.3)) {
      this.#driver.keyspace.flushAll();
      this.model.clear();
      return;
    }
    const slot = slotOf(key);
    this.#driver.keyspace.dropSlot(slot);
    for (const name of this.model.keys()) if (slotOf(name) === slot) this.model.delete(name);
  }

  #create(key: string): void {
    const element = this.#element();
    const driver = this.#driver;
    const choice = this.#random.below(5);
    let value: ModelKey['value'];
    if (choice === 0) {
      value = { type: 'string', text: `\0\0\0${element}` };
      driver.overwrite(key, 3, element);
    } else if (choice === 1) {
      value = { type: 'hash', fields: new Map([[element, 'first']]) };
      this.#same(driver.hashSet(key, element, 'first'), true);
    } else if (choice === 2) {
      value = { type: 'list', elements: [element] };
      this.#same(driver.push(key, true, element), 1);
    } else if (choice === 3) {
      value = { type: 'set', members: new Set([element]) };
      this.#same(driver.setAdd(key, element), true);
    } else {
      value = { type: 'zset', scores: new Map([[element, 1.5]]) };
      this.#same(driver.sortedSetAdd(key, 1.5, element), 'added');
    }
    this.model.set(key, { value, expiresAtMs: 0 });
  }

  #changeValue(key: string, held: ModelKey): void {
    const driver = this.#driver;
    const element = this.#element();
    const removes = this.#random.chance(0.35);
    const { value } = held;
    let isEmpty = false;
    if (value.type === 'string') {
      const offset = this.#random.below(value.text.length + 5);
      const padded = value.text.padEnd(offset, '\0');
      value.text = padded.slice(0, offset) + element + padded.slice(offset + element.length);
      this.#same(driver.overwrite(key, offset, element), value.text.length);
    } else if (value.type === 'hash') {
      if (removes) this.#same(driver.hashDelete(key, element), value.fields.delete(element));
      else {
        const text = this.#text();
        this.#same(driver.hashSet(key, element, text), !value.fields.has(element));
        value.fields.set(element, text);
      }
      isEmpty = value.fields.size === 0;
    } else if (value.type === 'set') {
      if (removes) this.#same(driver.setRemove(key, element), value.members.delete(element));
      else {
        this.#same(driver.setAdd(key, element), !value.members.has(element));
        value.members.add(element);
      }
      isEmpty = value.members.size === 0;
    } else if (value.type === 'zset') {
      this.#changeScores(key, value.scores, element, removes);
      isEmpty = value.scores.size === 0;
    } else {
      this.#changeList(key, value.elements, element);
      isEmpty = value.elements.length === 0;
    }
    if (isEmpty) this.model.delete(key);
  }

  #changeScores(key: string, scores: Map<string, number>, member: string, removes: boolean): void {
    if (removes) {
      this.#same(this.#driver.sortedSetRemove(key, member), scores.delete(member));
      return;
    }
    const score = this.#random.below(20) / 4;
    const before = scores.get(member);
    const outcome = before === undefined ? 'added' : before === score ? 'unchanged' : 'updated';
    this.#same(this.#driver.sortedSetAdd(key, score, member), outcome);
    scores.set(member, score);
  }

  #changeList(key: string, elements: string[], element: string): void {
    const random = this.#random;
    const driver = this.#driver;
    const index = random.below(elements.length);
    const atHead = random.chance(0.5);
    const choice = random.below(20);
    if (choice < 9) {
      if (atHead) elements.unshift(element);
      else elements.push(element);
      this.#same(driver.push(key, atHead, element), elements.length);
    } else if (choice < 12) {
      if (atHead) elements.shift();
      else elements.pop();
      driver.pop(key, atHead);
    } else if (choice < 14) {
      elements.splice(index, 0, element);
      driver.insert(key, index, element);
    } else if (choice < 16) {
      elements[index] = element;
      driver.replace(key, index, element);
    } else if (choice < 18) {
      const count = 1 + random.below(6);
      elements.splice(index, count);
      driver.removeRange(key, index, count);
    } else {
      this.#removeEqual(key, elements, elements[index], 1 + random.below(3), !atHead);
    }
  }

  #removeEqual(
    key: string,
    elements: string[],
    element: string,
    maxCount: number,
    fromTail: boolean,
  ): void {
    let removed = 0;
    for (; removed < maxCount; removed++) {
      const at = fromTail ? elements.lastIndexOf(element) : elements.indexOf(element);
      if (at < 0) break;
      elements.splice(at, 1);
    }
    this.#same(this.#driver.removeEqual(key, element, maxCount, fromTail), removed);
  }

  #same<T>(got: T, expected: T): void {
    invariant(got === expected, `step ${this.#step}: ${String(got)}, not ${String(expected)}`);
  }
}

function slotOf(key: string): number {
  return slotOfKey(fromLatin1(key), 0, key.length);
}
