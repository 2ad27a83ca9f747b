/** What SSCAN, HSCAN and ZSCAN have in common: a step of a walk over the elements of one key. */
import type { ByteRange } from '#base/byte-range.ts';
import { globMatches } from './glob.ts';
import { readCursor, readScanOptions } from './scan-options.ts';
import type { CommandContext } from './spec.ts';

/** The collection that was found. */
export interface Elements {
  /** What MATCH looks at, of the present element. */
  readonly name: ByteRange;
  /** As in Redis, what is small is given whole, whatever the cursor and COUNT. */
  readonly isSmall: boolean;
  first(): boolean;
  next(): boolean;
  scan(cursor: number, count: number, visit: () => void): number;
  /** Replies with the present element; the number of replies that it takes. */
  reply(): number;
}

/** Runs the command: key, cursor and options are arguments 1, 2 and from 3. */
export function scanCollection(
  context: CommandContext,
  find: (context: CommandContext) => 'found' | 'none' | 'refused',
  open: (context: CommandContext) => Elements,
): void {
  const { args, reply } = context;
  const cursor = readCursor(context, 2);
  if (cursor === undefined) return;
  const found = find(context);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  const options = readScanOptions(context, 3, false);
  if (options === undefined) return;
  const { patternAt } = options;
  const patternStart = patternAt === 0 ? 0 : args.start(patternAt);
  const patternEnd = patternAt === 0 ? 0 : args.end(patternAt);
  const elements = open(context);
  const { name } = elements;
  reply.array(2);
  const at = reply.beginArray();
  let count = 0;
  const visit = (): void => {
    const { bytes, start, end } = name;
    if (patternAt !== 0 && !globMatches(args.bytes, patternStart, patternEnd, bytes, start, end)) {
      return;
    }
    count += elements.reply();
  };
  let next = 0;
  if (elements.isSmall) for (let more = elements.first(); more; more = elements.next()) visit();
  else next = elements.scan(cursor, options.count, visit);
  reply.endArray(at, count);
  reply.insertBulkInteger(at, next);
}
