/** What COMMAND and COMMAND INFO answer for one command (redis.io/commands/command). */
import type { CommandEntry } from '#node/commands/command-index.ts';
import type { CommandSpec, KeySpec } from '#node/commands/spec.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';

/** First key, last key (negative: from the end) and step, for clients that know nothing better. */
export interface LegacyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const NO_RANGE: LegacyRange = { first: 0, last: 0, step: 0 };

/** The range that covers the key specs, as far as one range can (Redis: populateCommandLegacyRangeSpec). */
export function legacyRange(keys: readonly KeySpec[]): LegacyRange {
  if (keys.length === 1) {
    const [{ begin, find }] = keys;
    if (!('index' in begin) || !('last' in find)) return NO_RANGE;
    const last = find.last < 0 ? find.last : begin.index + find.last;
    return { first: begin.index, last, step: find.step };
  }
  let first = 0;
  let last = 0;
  for (const { begin, find } of keys) {
    if (!('index' in begin) || !('last' in find)) continue;
    if (find.step !== 1 || (last !== 0 && last !== begin.index - 1)) return NO_RANGE;
    if (first === 0 || begin.index < first) first = begin.index;
    const end = find.last < 0 ? find.last : begin.index + find.last;
    // negative ends reach furthest: compare as unsigned
    if (end >>> 0 > last >>> 0) last = end;
  }
  return first === 0 ? NO_RANGE : { first, last, step: 1 };
}

/** Key specs cannot all be told by one range. */
function hasMovableKeys(spec: CommandSpec): boolean {
  if (spec.flags.includes('movablekeys')) return true;
  return spec.keys.some(({ begin, find }) => !('index' in begin) || !('last' in find));
}

function writeFlags(reply: ReplyWriter, spec: CommandSpec): void {
  const movable = hasMovableKeys(spec);
  const flags = spec.flags.filter((flag) => flag !== 'movablekeys');
  reply.set(flags.length + (movable ? 1 : 0));
  for (const flag of flags) reply.simple(flag);
  if (movable) reply.simple('movablekeys');
}

function writeKeySpec(reply: ReplyWriter, { flags, begin, find, notes }: KeySpec): void {
  reply.map(notes === undefined ? 3 : 4);
  if (notes !== undefined) {
    reply.bulkText('notes');
    reply.bulkText(notes);
  }
  reply.bulkText('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.simple(flag);
  reply.bulkText('begin_search');
  if ('locate' in begin) writeSpecMap(reply, 'unknown', []);
  else if ('index' in begin) writeSpecMap(reply, 'index', [['index', begin.index]]);
  else {
    writeSpecMap(reply, 'keyword', [
      ['keyword', begin.keyword],
      ['startfrom', begin.startFrom],
    ]);
  }
  reply.bulkText('find_keys');
  if ('unknown' in find) {
    writeSpecMap(reply, 'unknown', []);
  } else if ('last' in find) {
    writeSpecMap(reply, 'range', [
      ['lastkey', find.last],
      ['keystep', find.step],
      ['limit', find.limit],
    ]);
  } else {
    writeSpecMap(reply, 'keynum', [
      ['keynumidx', find.keyNumIndex],
      ['firstkey', find.first],
      ['keystep', find.step],
    ]);
  }
}

function writeSpecMap(
  reply: ReplyWriter,
  type: string,
  fields: readonly (readonly [string, string | number])[],
): void {
  reply.map(2);
  reply.bulkText('type');
  reply.bulkText(type);
  reply.bulkText('spec');
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkText(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulkText(value);
  }
}

/** One command as COMMAND INFO shows it. */
export function writeCommandInfo(reply: ReplyWriter, entry: CommandEntry): void {
  const { spec } = entry;
  const { first, last, step } = legacyRange(spec.keys);
  reply.array(10);
  reply.bulkText(entry.fullName);
  reply.integer(spec.arity);
  writeFlags(reply, spec);
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  reply.set(entry.categories.length);
  for (const category of entry.categories) reply.simple(`@${category}`);
  const tips = spec.tips ?? [];
  reply.array(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  reply.array(spec.keys.length);
  for (const key of spec.keys) writeKeySpec(reply, key);
  reply.array(entry.subcommands.length);
  for (const sub of entry.subcommands) writeCommandInfo(reply, sub);
}
