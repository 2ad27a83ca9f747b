/** What of two replies to the same line must be equal. */
import type { Line } from './draw.ts';
import { FAMILIES } from './generate.ts';
import { bulkContent, parseReply, type ReplyValue } from './reply-parser.ts';

const families = Object.values(FAMILIES);

function merged<T>(parts: readonly (Readonly<Record<string, T>> | undefined)[]): Map<string, T> {
  return new Map(parts.flatMap((part) => Object.entries(part ?? {})));
}

const timed = merged(families.map((family) => family.timed));
const unordered = merged(families.map((family) => family.unordered));
const walks = merged(families.map((family) => family.walks));
const random = new Set(families.flatMap((family) => family.random ?? []));
const doubles = new Set(families.flatMap((family) => family.doubles ?? []));
export const REPLAYS = merged(families.map((family) => family.replays));

/** The part of a reply that must be equal. */
export function normalise(line: Line, reply: string): ReplyValue {
  const name = line[0].toUpperCase();
  // an error may repeat what was sent; of that we print only what is UTF-8
  if (reply.startsWith('-')) return reply.replace(/[\x80-\xff].*/s, '');
  // Redis says that small integers are shared, except in a copy (COPY); we always say so
  if (name === 'OBJECT' && line[1].toUpperCase() === 'REFCOUNT') {
    return reply.replace(':2147483647', ':1');
  }
  const value = doubles.has(name) ? asNumbers(parseReply(reply)) : parseReply(reply);
  // an aggregate's value does not say its type: array, set or map
  const type = reply.slice(0, 1);
  const together = unordered.get(name);
  if (together !== undefined) return [type, sorted(value, together)];
  const walked = walks.get(name);
  if (walked !== undefined && Array.isArray(value)) return [value[0], sorted(value[1], walked)];
  if (random.has(name)) return [type, shape(value)];
  const unit = timed.get(name);
  if (unit !== undefined) {
    const time = Number(reply.slice(1));
    return time < 0 ? reply : `about ${Math.round(time / unit / 100)}`;
  }
  // the only text of these commands that 7.2, which we are, words otherwise than 7.0
  if (typeof value === 'string') return value;
  return JSON.parse(
    JSON.stringify([type, value]).replace('    Prints this help.', '    Print this help.'),
  ) as ReplyValue;
}

function sorted(value: ReplyValue, together: number): ReplyValue {
  if (!Array.isArray(value)) return value;
  const groups: string[] = [];
  for (let i = 0; i < value.length; i += together) {
    groups.push(JSON.stringify(value.slice(i, i + together)));
  }
  return groups.sort();
}

const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]\d+)?$/;

/** Doubles, which RESP2 has as bulk strings, without regard to how many digits there are. */
function asNumbers(value: ReplyValue): ReplyValue {
  if (Array.isArray(value)) return value.map(asNumbers);
  const text = value.startsWith(',') ? value.slice(1, -2) : bulkContent(value);
  return text !== null && NUMBER.test(text) ? `${value.slice(0, 1)}${Number(text)}` : value;
}

/** Bulk strings become `$`; everything else, null among it, stays. */
function shape(value: ReplyValue): ReplyValue {
  if (Array.isArray(value)) return value.map(shape);
  if (value.startsWith(',')) return ',';
  return bulkContent(value) === null ? value : '$';
}

/** Is the difference of two times within what the clocks of two processes explain? */
export function timesAgree(line: Line, ours: string, theirs: string): boolean {
  const tolerance = timed.get(line[0].toUpperCase());
  if (tolerance === undefined) return false;
  const [a, b] = [Number(ours.slice(1)), Number(theirs.slice(1))];
  // beyond 2^53 ms our times are doubles, Redis' are 64-bit integers
  return a > 0 && b > 0 && Math.abs(a - b) <= tolerance + a * 1e-15;
}

/** A step of a walk that is not over: what it gives depends on how the table is laid out. */
export function isPartOfWalk(line: Line, reply: string): boolean {
  return walks.has(line[0].toUpperCase()) && /^\*2\r\n\$\d+\r\n[1-9]/.test(reply);
}
