/** Expiry times as commands take them: seconds or milliseconds, from now or since the epoch. */
import { ERRORS } from '#node/resp/errors.ts';
import { INT64_MAX, INT64_MIN } from '#node/resp/number.ts';
import type { CommandContext } from './spec.ts';

export interface TimeForm {
  readonly unit: 'seconds' | 'milliseconds';
  /** Counted from shard time; else from the epoch. */
  readonly relative: boolean;
}

/** The forms by the option of SET and GETEX that takes them. */
export const TIME_FORMS = {
  EX: { unit: 'seconds', relative: true },
  PX: { unit: 'milliseconds', relative: true },
  EXAT: { unit: 'seconds', relative: false },
  PXAT: { unit: 'milliseconds', relative: false },
} as const satisfies Record<string, TimeForm>;

/** The largest double below 2^63. */
const LATEST_MS = 2 ** 63 - 1024;

/**
 * Argument `i` as milliseconds since the epoch, or undefined with the error written. Times beyond 2^53 ms
 * (some 280 000 years) are rounded to doubles; what does not fit 64 bits is refused as in Redis.
 * @param command the name that the error gives
 * @param positiveOnly refuse 0 and less (SET and its kin; EXPIRE and its kin delete the key instead)
 */
export function readTime(
  { args, keyspace, reply }: CommandContext,
  i: number,
  form: TimeForm,
  command: string,
  positiveOnly: boolean,
): number | undefined {
  const value = args.integer(i);
  if (value === undefined) {
    reply.error(ERRORS.notInteger);
    return undefined;
  }
  const scale = form.unit === 'seconds' ? 1000 : 1;
  const base = form.relative ? keyspace.nowMs : 0;
  if (positiveOnly && value <= 0) {
    reply.error(ERRORS.invalidExpire(command));
    return undefined;
  }
  const quick = Number(value) * scale + base;
  if (Number.isSafeInteger(quick)) return quick;
  const scaled = BigInt(value) * BigInt(scale);
  const exact = scaled + BigInt(Math.floor(base));
  if (exact > INT64_MAX || scaled < INT64_MIN) {
    reply.error(ERRORS.invalidExpire(command));
    return undefined;
  }
  return Math.min(Number(exact), LATEST_MS);
}
