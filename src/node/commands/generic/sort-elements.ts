/**
 * What SORT and SORT_RO do (Redis: sortCommandGeneric). In a cluster BY and GET may not look other keys up, so
 * what is left is: elements by number or by bytes, or, with a BY that has no `*`, in the order they have.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { compareBytes } from '#base/bytes.ts';
import { MemberBuffer } from '#node/commands/set/member-buffer.ts';
import type { ArgumentDoc, CommandContext, KeySpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { parseAnyDouble, parseDouble } from '#node/resp/number.ts';

/** BY and GET name no key in a cluster. */
export const NO_KEY = -1;

/** Of SORT and SORT_RO. */
export const SORT_KEYS: readonly KeySpec[] = [
  { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
  {
    flags: ['RO', 'access'],
    begin: { locate: () => NO_KEY },
    find: { unknown: true },
    notes:
      "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
  },
];

/** Of SORT and SORT_RO, for COMMAND DOCS. */
export const SORT_ARGUMENTS: readonly ArgumentDoc[] = [
  { name: 'key', type: 'key', keySpecIndex: 0 },
  { name: 'by-pattern', type: 'pattern', token: 'BY', keySpecIndex: 1, flags: ['optional'] },
  {
    name: 'limit',
    type: 'block',
    token: 'LIMIT',
    flags: ['optional'],
    arguments: [
      { name: 'offset', type: 'integer' },
      { name: 'count', type: 'integer' },
    ],
  },
  {
    name: 'get-pattern',
    type: 'pattern',
    token: 'GET',
    keySpecIndex: 1,
    flags: ['optional', 'multiple', 'multiple_token'],
  },
  {
    name: 'order',
    type: 'oneof',
    flags: ['optional'],
    arguments: [
      { name: 'asc', type: 'pure-token', token: 'ASC' },
      { name: 'desc', type: 'pure-token', token: 'DESC' },
    ],
  },
  { name: 'sorting', type: 'pure-token', token: 'ALPHA', flags: ['optional'] },
];

const STAR = 0x2a;

interface SortOptions {
  descending: boolean;
  byBytes: boolean;
  /** BY a pattern without `*`. */
  unsorted: boolean;
  offset: number;
  /** Negative: all. */
  limit: number;
  /** Argument that is STORE's key; 0 for none. */
  storeAt: number;
}

const elements = new MemberBuffer();

/** Sorts the key of argument 1; replies with the elements or stores them. */
export function sortKey(context: CommandContext, readOnly: boolean): void {
  const { args, keyspace, reply } = context;
  const options = readOptions(context, readOnly);
  if (options === null) return;
  const type = keyspace.find(args.bytes, args.start(1), args.end(1));
  if (type === 'string' || type === 'hash') {
    reply.error(ERRORS.wrongType);
    return;
  }
  // a set has no order that would be the same everywhere
  if (options.unsorted && type === 'set' && options.storeAt !== 0) {
    options.unsorted = false;
    options.byBytes = true;
  }
  elements.clear(keyspace.random);
  gather(context, type);
  const order = orderOf(options);
  if (elements.overflowed) reply.error(ERRORS.resultTooLarge);
  else if (order === null) reply.error(ERRORS.elementNotDouble);
  else deliver(context, options, order);
}

/** null with the error written. */
function readOptions({ args, reply }: CommandContext, readOnly: boolean): SortOptions | null {
  const options: SortOptions = {
    descending: false,
    byBytes: false,
    unsorted: false,
    offset: 0,
    limit: -1,
    storeAt: 0,
  };
  let error = '';
  for (let i = 2; i < args.count && error === ''; i++) {
    const left = args.count - i - 1;
    if (args.equalsIgnoreCase(i, 'ASC')) options.descending = false;
    else if (args.equalsIgnoreCase(i, 'DESC')) options.descending = true;
    else if (args.equalsIgnoreCase(i, 'ALPHA')) options.byBytes = true;
    else if (left >= 2 && args.equalsIgnoreCase(i, 'LIMIT')) {
      const offset = args.clampedInteger(i + 1);
      const limit = args.clampedInteger(i + 2);
      if (offset === undefined || limit === undefined) error = ERRORS.notInteger;
      else {
        options.offset = Math.max(0, offset);
        options.limit = limit;
      }
      i += 2;
    } else if (!readOnly && left >= 1 && args.equalsIgnoreCase(i, 'STORE')) {
      options.storeAt = ++i;
    } else if (left >= 1 && args.equalsIgnoreCase(i, 'BY')) {
      if (args.view(++i).includes(STAR)) error = ERRORS.sortByDenied;
      options.unsorted = true;
    } else if (left >= 1 && args.equalsIgnoreCase(i, 'GET')) {
      error = ERRORS.sortGetDenied;
    } else {
      error = ERRORS.syntax;
    }
  }
  if (error === '') return options;
  reply.error(error);
  return null;
}

/** Copies all elements of what was found, in its order. */
function gather({ keyspace }: CommandContext, type: string): void {
  const { lists, sets, sortedSets } = keyspace;
  if (type === 'list') {
    for (let more = lists.seek(0); more; more = lists.next()) append(lists.element);
  } else if (type === 'set') {
    for (let more = sets.first(); more; more = sets.next()) append(sets.member);
  } else if (type === 'zset') {
    for (let more = sortedSets.seek(0); more; more = sortedSets.next()) append(sortedSets.member);
  }
}

function append({ bytes, start, end }: ByteRange): void {
  elements.append(bytes, start, end);
}

/** The places of the elements in the order asked for; null when one has to be a number and is none. */
function orderOf({ byBytes, descending, unsorted }: SortOptions): Int32Array | null {
  const order = new Int32Array(elements.places);
  for (let place = 0; place < order.length; place++) order[place] = place;
  if (unsorted) return descending ? order.reverse() : order;
  const sign = descending ? -1 : 1;
  if (byBytes) return order.sort((a, b) => sign * comparePlaces(a, b));
  const numbers = new Float64Array(order.length);
  for (let place = 0; place < order.length; place++) {
    numbers[place] = numberAt(place);
    if (Number.isNaN(numbers[place])) return null;
  }
  return order.sort((a, b) => {
    if (numbers[a] !== numbers[b]) return numbers[a] < numbers[b] ? -sign : sign;
    return sign * comparePlaces(a, b);
  });
}

function comparePlaces(a: number, b: number): number {
  const { bytes } = elements;
  return compareBytes(
    bytes,
    elements.start(a),
    elements.end(a),
    bytes,
    elements.start(b),
    elements.end(b),
  );
}

/** An element as strtod takes it: spaces before it and nothing at all are allowed; out of range is NaN. */
function numberAt(place: number): number {
  let text = '';
  for (let at = elements.start(place); at < elements.end(place); at++) {
    if (elements.bytes[at] === 0) break;
    text += String.fromCharCode(elements.bytes[at]);
  }
  if (text === '') return 0;
  const digits = text.replace(/^[ \t\n\v\f\r]+/, '');
  return parseDouble(digits) === undefined ? Number.NaN : parseAnyDouble(digits);
}

function deliver(
  { args, keyspace, reply }: CommandContext,
  { limit, offset, storeAt }: SortOptions,
  order: Int32Array,
): void {
  const first = Math.min(offset, order.length);
  const beyond = limit < 0 ? order.length : Math.min(order.length, first + limit);
  const { bytes } = elements;
  if (storeAt === 0) {
    reply.array(beyond - first);
    for (let i = first; i < beyond; i++) {
      reply.bulk(bytes, elements.start(order[i]), elements.end(order[i]));
    }
    return;
  }
  const key = args.bytes;
  const keyStart = args.start(storeAt);
  const keyEnd = args.end(storeAt);
  keyspace.delete(key, keyStart, keyEnd);
  for (let i = first; i < beyond; i++) {
    const start = elements.start(order[i]);
    keyspace.lists.push(key, keyStart, keyEnd, false, bytes, start, elements.end(order[i]));
  }
  reply.integer(beyond - first);
}
