/** The cursor and the options of SCAN and its kin. */
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import type { CommandContext } from './spec.ts';

const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
const DEFAULT_COUNT = 10;
/** More keys than this are not looked at in one step, whatever COUNT says (rule W9). */
const MOST_COUNT = 1_000_000;

export interface ScanOptions {
  count: number;
  /** Argument that is the pattern; 0 when everything matches. */
  patternAt: number;
  /** Lower case; '' for every type. */
  type: string;
}

/**
 * Argument `i` as a cursor, or undefined with the error written. As strtoul takes it: digits with a sign, or
 * nothing at all. Our own cursors are below 2^46; of others the low bits are taken, as any hash will do.
 */
export function readCursor({ args, reply }: CommandContext, i: number): number | undefined {
  const text = args.latin1(i);
  const match = /^([+-]?)(\d+)$/.exec(text);
  const value = BigInt(match?.[2] ?? 0);
  if ((match === null && text !== '') || value > UINT64_MAX) {
    reply.error(ERRORS.invalidCursor);
    return undefined;
  }
  return Number(BigInt.asUintN(46, match?.[1] === '-' ? -value : value));
}

/** The options from argument `from` on; undefined with the error written. */
export function readScanOptions(
  { args, reply }: CommandContext,
  from: number,
  typeAllowed: boolean,
): ScanOptions | undefined {
  const options: ScanOptions = { count: DEFAULT_COUNT, patternAt: 0, type: '' };
  for (let i = from; i < args.count; i += 2) {
    const hasValue = i + 1 < args.count;
    if (hasValue && args.equalsIgnoreCase(i, 'COUNT')) {
      const count = args.clampedInteger(i + 1);
      if (count === undefined || count < 1) {
        reply.error(count === undefined ? ERRORS.notInteger : ERRORS.syntax);
        return undefined;
      }
      options.count = Math.min(count, MOST_COUNT);
    } else if (hasValue && args.equalsIgnoreCase(i, 'MATCH')) {
      options.patternAt = matchesAll(args, i + 1) ? 0 : i + 1;
    } else if (hasValue && typeAllowed && args.equalsIgnoreCase(i, 'TYPE')) {
      options.type = args.latin1(i + 1).toLowerCase();
    } else {
      reply.error(ERRORS.syntax);
      return undefined;
    }
  }
  return options;
}

/** Is argument `i` the pattern `*`? */
export function matchesAll(args: Arguments, i: number): boolean {
  return args.length(i) === 1 && args.bytes[args.start(i)] === 0x2a;
}
