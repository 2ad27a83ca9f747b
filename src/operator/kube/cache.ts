/**
 * What a Reflector has seen of one kind: objects by key, with indexes. Objects are shared and must not be
 * changed. Managed fields are kept only for our own field manager, which apply compares.
 */
import { invariant } from '#base/invariant.ts';
import { keyOf } from './object.ts';
import type { KubeObject } from './object.ts';

/** The index entries of an object. */
export type Indexer = (object: KubeObject) => readonly string[];

/** Field managers whose managed fields the cache keeps. */
const KEPT_MANAGERS: ReadonlySet<string> = new Set(['holdfast-operator']);

/** A copy of `object` without what nobody here reads. */
export function trimmed(object: KubeObject): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  const kept = managedFields?.filter(
    (entry) => entry.operation === 'Apply' && KEPT_MANAGERS.has(entry.manager ?? ''),
  );
  return {
    ...object,
    metadata:
      kept === undefined || kept.length === 0 ? metadata : { ...metadata, managedFields: kept },
  };
}

/** Objects of one kind by key, and by every named index. */
export class Cache {
  readonly #objects = new Map<string, KubeObject>();
  readonly #indexers: Readonly<Record<string, Indexer>>;
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Readonly<Record<string, Indexer>> = {}) {
    this.#indexers = indexers;
    for (const name of Object.keys(indexers)) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  all(): readonly KubeObject[] {
    return [...this.#objects.values()];
  }

  /** Objects whose indexer `index` named `value`. */
  by(index: string, value: string): readonly KubeObject[] {
    const entries = this.#indexes.get(index);
    invariant(entries !== undefined, `the cache has an index ${index}`);
    const found: KubeObject[] = [];
    for (const key of entries.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** Stores `object`; returns what was there before. */
  set(object: KubeObject): KubeObject | undefined {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before !== undefined) this.#unindex(key, before);
    this.#objects.set(key, object);
    for (const [name, indexer] of Object.entries(this.#indexers)) {
      for (const value of indexer(object)) {
        const entries = this.#indexes.get(name);
        const keys = entries?.get(value);
        if (keys === undefined) entries?.set(value, new Set([key]));
        else keys.add(key);
      }
    }
    return before;
  }

  /** Forgets the object; returns what was there. */
  remove(key: string): KubeObject | undefined {
    const before = this.#objects.get(key);
    if (before === undefined) return undefined;
    this.#unindex(key, before);
    this.#objects.delete(key);
    return before;
  }

  #unindex(key: string, object: KubeObject): void {
    for (const [name, indexer] of Object.entries(this.#indexers)) {
      const entries = this.#indexes.get(name);
      for (const value of indexer(object)) {
        const keys = entries?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) entries?.delete(value);
      }
    }
  }
}
