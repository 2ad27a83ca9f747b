/**
 * What the crash test expects: the log that a prefix of the requests makes, with what opening does about
 * a snapshot that the log has not reached. Slow and simple on purpose.
 */
import assert from 'node:assert/strict';
import type { Entry } from '#node/raft/entry.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { RecoveredLog } from './options.ts';

/** The log as it should be; `entries` follow `base`. Those that the log has dropped stay here. */
export interface Model {
  readonly base: Base;
  readonly entries: readonly Entry[];
  readonly hardState: HardState;
}

export interface Base {
  readonly index: number;
  readonly term: number;
}

export const EMPTY: Model = {
  base: { index: 0, term: 0 },
  entries: [],
  hardState: { term: 0, vote: '', commit: 0 },
};

export function lastIndexOf(model: Model): number {
  return model.base.index + model.entries.length;
}

/** The term of the entry `index`, or -1 when the log has none. */
export function termAt({ base, entries }: Model, index: number): number {
  return index === base.index ? base.term : (entries[index - base.index - 1]?.term ?? -1);
}

export function apply(model: Model, requests: readonly Persist[]): Model {
  let { base, hardState } = model;
  const entries = [...model.entries];
  for (const request of requests) {
    hardState = request.hardState ?? hardState;
    if (request.restart !== null) {
      base = request.restart;
      entries.length = 0;
    }
    if (request.truncateFrom !== null) entries.splice(request.truncateFrom - base.index - 1);
    entries.push(...request.entries);
  }
  return { base, entries, hardState };
}

/** The log that is opened where `model` is on disk and this is the newest snapshot. */
export function opened(model: Model, newest: Base | undefined): Model {
  if (newest === undefined || termAt(model, newest.index) === newest.term) return model;
  if (newest.index < model.base.index) return model;
  return { base: newest, entries: [], hardState: model.hardState };
}

/** The states that a crash may leave: each whole request, and each part of the next. */
export function* prefixes(
  model: Model,
  requests: readonly Persist[],
  durable: number,
): Generator<Model> {
  let reached = apply(model, requests.slice(0, durable));
  yield reached;
  for (const request of requests.slice(durable)) {
    for (let count = 0; count <= request.entries.length; count++) {
      yield apply(reached, [{ ...request, entries: request.entries.slice(0, count) }]);
    }
    reached = apply(reached, [request]);
  }
}

/** Whether `recovered` with its entries is what `model` says, its head dropped up to anywhere. */
export function isSame(recovered: RecoveredLog, entries: readonly Entry[], model: Model): boolean {
  const { firstIndex, lastIndex } = recovered;
  if (firstIndex <= model.base.index || lastIndex !== lastIndexOf(model)) return false;
  const expected = model.entries.slice(firstIndex - model.base.index - 1);
  return recovered.termBefore === termAt(model, firstIndex - 1) && sameEntries(entries, expected);
}

function sameEntries(a: readonly Entry[], b: readonly Entry[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i].index !== b[i].index || a[i].term !== b[i].term || a[i].kind !== b[i].kind)
      return false;
    if (Buffer.compare(a[i].payload, b[i].payload) !== 0) return false;
  }
  return true;
}

/** What a recovered log says about its own entries is true. */
export function assertDescribed(recovered: RecoveredLog, entries: readonly Entry[]): void {
  assert.deepEqual(
    recovered.configEntries,
    entries.filter((entry) => entry.kind === 1),
  );
  const runs = entries.filter((entry, i) => i === 0 || entry.term !== entries[i - 1].term);
  assert.deepEqual(
    recovered.terms,
    runs.map(({ index, term }) => ({ from: index, term })),
  );
}
