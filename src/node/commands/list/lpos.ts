/** LPOS: at which places an element is. */
import { equalBytes } from '#base/bytes.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList } from './find-list.ts';

const LEAST_RANK = -0x7fff_ffff_ffff_ffffn;

interface Options {
  /** The first match that counts, from 1; negative: searched from the tail. */
  rank: number;
  /** Matches wanted, 0 for all; -1: one, replied outside of an array. */
  count: number;
  /** Elements to look at, 0 for all. */
  most: number;
}

/** null with the error written. */
function readOptions(context: CommandContext): Options | null {
  const options: Options = { rank: 1, count: -1, most: 0 };
  for (let i = 3; i < context.args.count; i += 2) {
    const error = readOption(context.args, i, options);
    if (error === null) continue;
    context.reply.error(error);
    return null;
  }
  return options;
}

/** Reads the option of argument `i`; an error's text, or null. */
function readOption(args: Arguments, i: number, options: Options): string | null {
  if (i + 1 === args.count) return ERRORS.syntax;
  const value = args.clampedInteger(i + 1);
  if (args.equalsIgnoreCase(i, 'RANK')) {
    if (value === undefined) return ERRORS.notInteger;
    if (value === 0) return ERRORS.zeroRank;
    if ((args.integer(i + 1) ?? 0) < LEAST_RANK) return ERRORS.outOfLongRange;
    options.rank = value;
    return null;
  }
  if (args.equalsIgnoreCase(i, 'COUNT')) {
    if (value === undefined || value < 0) return ERRORS.negativeCount;
    options.count = value;
    return null;
  }
  if (args.equalsIgnoreCase(i, 'MAXLEN')) {
    if (value === undefined || value < 0) return ERRORS.negativeMaximumLength;
    options.most = value;
    return null;
  }
  return ERRORS.syntax;
}

function run(context: CommandContext): void {
  const { reply } = context;
  const options = readOptions(context);
  if (options === null) return;
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'found') replyPlaces(context, options);
  else if (options.count === -1) reply.null();
  else reply.array(0);
}

/** Writes the places where the list found last has argument 2. */
function replyPlaces({ args, keyspace, reply }: CommandContext, options: Options): void {
  const { lists } = keyspace;
  const { element, size } = lists;
  const { bytes } = args;
  const start = args.start(2);
  const end = args.end(2);
  const fromTail = options.rank < 0;
  const wanted = options.count === 0 ? size : Math.abs(options.count);
  const looks = options.most === 0 || options.most > size ? size : options.most;
  const at = reply.beginArray();
  let toSkip = Math.abs(options.rank) - 1;
  let matches = 0;
  lists.seek(fromTail ? size - 1 : 0);
  for (let looked = 0; looked < looks && matches < wanted; looked++) {
    if (looked > 0) {
      if (fromTail) lists.previous();
      else lists.next();
    }
    if (!equalBytes(bytes, start, end, element.bytes, element.start, element.end)) continue;
    if (toSkip-- > 0) continue;
    reply.integer(fromTail ? size - 1 - looked : looked);
    matches++;
  }
  if (options.count !== -1) reply.endArray(at, matches);
  else if (matches === 0) reply.null();
}

export const lpos: CommandSpec = {
  name: 'lpos',
  arity: -3,
  group: 'list',
  since: '6.0.6',
  summary: 'Returns the index of matching elements in a list.',
  complexity:
    'O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.',
  flags: ['readonly'],
  categories: ['list', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'element', type: 'string' },
    { name: 'rank', type: 'integer', token: 'RANK', flags: ['optional'] },
    { name: 'num-matches', type: 'integer', token: 'COUNT', flags: ['optional'] },
    { name: 'len', type: 'integer', token: 'MAXLEN', flags: ['optional'] },
  ],
  run,
};
