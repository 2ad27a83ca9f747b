/**
 * Union, intersection and difference of several sorted sets, or sets, whose members count as of score 1: what
 * ZUNION, ZINTER, ZDIFF and their kin have in common (Redis: zunionInterDiffGenericCommand). Arguments are
 * checked in the order of Redis: the keys' types before the options. Sources are combined from the smallest to
 * the largest, as there: sums of fractions depend on the order.
 */
import type { ArgumentDoc, CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { type Aggregate, aggregated, ScoredMembers } from './scored-members.ts';

export type SortedSetOperation = 'union' | 'intersection' | 'difference';

/** What is to become of the result. */
export type Outcome = 'reply' | 'store' | 'count';

/** How scores are combined, for COMMAND DOCS. */
export const COMBINE_ARGUMENTS: readonly ArgumentDoc[] = [
  { name: 'weight', type: 'integer', token: 'WEIGHTS', flags: ['optional', 'multiple'] },
  {
    name: 'aggregate',
    type: 'oneof',
    token: 'AGGREGATE',
    flags: ['optional'],
    arguments: [
      { name: 'sum', type: 'pure-token', token: 'SUM' },
      { name: 'min', type: 'pure-token', token: 'MIN' },
      { name: 'max', type: 'pure-token', token: 'MAX' },
    ],
  },
];

/** One input key. */
interface Source {
  readonly isSortedSet: boolean;
  /** 0 when the key is not there. */
  readonly record: number;
  readonly size: number;
  weight: number;
}

interface Options {
  aggregate: Aggregate;
  withScores: boolean;
  /** ZINTERCARD counts up to this; 0 for all. */
  limit: number;
}

const result = new ScoredMembers();

/** Runs a command with its number of keys at argument `numKeysAt`. `name` is for an error. */
export function operate(
  context: CommandContext,
  operation: SortedSetOperation,
  outcome: Outcome,
  numKeysAt: number,
  name: string,
): void {
  const { args, reply } = context;
  const keyCount = args.clampedInteger(numKeysAt);
  if (keyCount === undefined || keyCount < 1) {
    reply.error(keyCount === undefined ? ERRORS.notInteger : ERRORS.noInputKeys(name));
    return;
  }
  if (keyCount > args.count - (numKeysAt + 1)) {
    reply.error(ERRORS.syntax);
    return;
  }
  const sources = findSources(context, numKeysAt + 1, keyCount);
  if (sources === null) return;
  const options = readOptions(context, operation, outcome, numKeysAt + 1 + keyCount, sources);
  if (options === null) return;
  // stable, as Redis' sort is: equal sizes stay in the order given
  if (operation !== 'difference') sources.sort((a, b) => a.size - b.size);
  if (outcome === 'count') {
    reply.integer(countShared(context, sources, options.limit));
    return;
  }
  result.clear(context);
  if (operation === 'union') gatherUnion(context, sources, options.aggregate);
  else if (operation === 'difference') gatherDifference(context, sources);
  else gatherIntersection(context, sources, options.aggregate);
  if (outcome === 'store') result.store(context);
  else result.reply(context, options.withScores);
}

/** null with the error written. */
function findSources(context: CommandContext, from: number, count: number): Source[] | null {
  const { args, keyspace, reply } = context;
  const sources: Source[] = [];
  for (let i = from; i < from + count; i++) {
    const type = keyspace.find(args.bytes, args.start(i), args.end(i));
    if (type !== 'none' && type !== 'zset' && type !== 'set') {
      reply.error(ERRORS.wrongType);
      return null;
    }
    const isSortedSet = type !== 'set';
    const record = type === 'none' ? 0 : keyspace.found;
    const facet = isSortedSet ? keyspace.sortedSets : keyspace.sets;
    sources.push({ isSortedSet, record, size: record === 0 ? 0 : facet.size, weight: 1 });
  }
  return sources;
}

/** null with the error written. */
function readOptions(
  { args, reply }: CommandContext,
  operation: SortedSetOperation,
  outcome: Outcome,
  from: number,
  sources: readonly Source[],
): Options | null {
  const options: Options = { aggregate: 'SUM', withScores: false, limit: 0 };
  const combines = operation !== 'difference' && outcome !== 'count';
  let error = '';
  for (let i = from; i < args.count && error === ''; i++) {
    const left = args.count - i;
    if (combines && left > sources.length && args.equalsIgnoreCase(i, 'WEIGHTS')) {
      for (const source of sources) {
        const weight = args.float(++i);
        if (weight === undefined) error ||= ERRORS.weightNotFloat;
        else source.weight = weight;
      }
    } else if (combines && left >= 2 && args.equalsIgnoreCase(i, 'AGGREGATE')) {
      i++;
      if (args.equalsIgnoreCase(i, 'SUM')) options.aggregate = 'SUM';
      else if (args.equalsIgnoreCase(i, 'MIN')) options.aggregate = 'MIN';
      else if (args.equalsIgnoreCase(i, 'MAX')) options.aggregate = 'MAX';
      else error = ERRORS.syntax;
    } else if (outcome === 'reply' && args.equalsIgnoreCase(i, 'WITHSCORES')) {
      options.withScores = true;
    } else if (outcome === 'count' && left >= 2 && args.equalsIgnoreCase(i, 'LIMIT')) {
      const limit = args.clampedInteger(++i);
      if (limit === undefined || limit < 0) error = ERRORS.negativeLimit;
      else options.limit = limit;
    } else {
      error = ERRORS.syntax;
    }
  }
  if (error === '') return options;
  reply.error(error);
  return null;
}

/** Calls `visit` at each member of a source, which is the open one then, until it returns false. */
function walk(
  { keyspace }: CommandContext,
  { isSortedSet, record }: Source,
  visit: (score: number) => boolean,
): void {
  if (record === 0) return;
  const { sets, sortedSets } = keyspace;
  if (isSortedSet) {
    sortedSets.open(record);
    for (let more = sortedSets.seek(0); more; more = sortedSets.next()) {
      if (!visit(sortedSets.score)) return;
    }
  } else {
    sets.open(record);
    for (let more = sets.first(); more; more = sets.next()) if (!visit(1)) return;
  }
}

/** The score that the member at which `at` stands has in another source; NaN when it is not there. */
function scoreIn({ keyspace }: CommandContext, at: Source, other: Source): number {
  if (other.record === 0) return Number.NaN;
  const { sets, sortedSets } = keyspace;
  const { bytes, start, end } = at.isSortedSet ? sortedSets.member : sets.member;
  if (other.isSortedSet) return sortedSets.scoreIn(other.record, bytes, start, end);
  return sets.contains(other.record, bytes, start, end) ? 1 : Number.NaN;
}

/** Infinity times 0 is 0. */
function weighted(score: number, weight: number): number {
  const product = score * weight;
  return Number.isNaN(product) ? 0 : product;
}

function gatherUnion(
  context: CommandContext,
  sources: readonly Source[],
  aggregate: Aggregate,
): void {
  const { sets, sortedSets } = context.keyspace;
  for (const source of sources) {
    const { member } = source.isSortedSet ? sortedSets : sets;
    walk(context, source, (score) => {
      result.combine(member, weighted(score, source.weight), aggregate);
      return true;
    });
  }
}

function gatherIntersection(
  context: CommandContext,
  sources: readonly Source[],
  aggregate: Aggregate,
): void {
  const [smallest, ...others] = sources;
  const { sets, sortedSets } = context.keyspace;
  const { member } = smallest.isSortedSet ? sortedSets : sets;
  walk(context, smallest, (score) => {
    let combined = weighted(score, smallest.weight);
    for (const other of others) {
      const found = scoreIn(context, smallest, other);
      if (Number.isNaN(found)) return true;
      combined = aggregated(aggregate, combined, found * other.weight);
    }
    result.append(member, combined);
    return true;
  });
}

/**
 * Asks for each member of the first source whether the others have it, or, when that is more work, takes all
 * members of the others out of the first.
 */
function gatherDifference(context: CommandContext, sources: readonly Source[]): void {
  const [first, ...rest] = sources;
  const others = rest.filter(({ record }) => record !== 0);
  if (others.some(({ record }) => record === first.record)) return;
  const { sets, sortedSets } = context.keyspace;
  const { member } = first.isSortedSet ? sortedSets : sets;
  const otherSizes = others.reduce((sum, { size }) => sum + size, 0);
  // most members are found early, so that fewer are asked for
  const takesOut = (first.size * others.length) / 2 > first.size + otherSizes;
  walk(context, first, (score) => {
    if (takesOut) result.combine(member, score, 'SUM');
    else if (others.every((other) => Number.isNaN(scoreIn(context, first, other)))) {
      result.append(member, score);
    }
    return true;
  });
  if (!takesOut) return;
  for (const other of others) {
    const taken = other.isSortedSet ? sortedSets.member : sets.member;
    walk(context, other, () => {
      result.remove(taken);
      return result.count > 0;
    });
  }
}

/** ZINTERCARD: counts members that all sources have, up to `limit` (0: all). */
function countShared(context: CommandContext, sources: readonly Source[], limit: number): number {
  const [smallest, ...others] = sources;
  let count = 0;
  walk(context, smallest, () => {
    if (!others.some((other) => Number.isNaN(scoreIn(context, smallest, other)))) count++;
    return limit === 0 || count < limit;
  });
  return count;
}
