/** The options of SET and GETEX (Redis: parseExtendedStringArgumentsOrReply). */
import type { TIME_FORMS } from '#node/commands/expiry.ts';
import type { Arguments } from '#node/resp/arguments.ts';

export interface SetOptions {
  condition: 'NX' | 'XX' | null;
  get: boolean;
  keepExpiry: boolean;
  persist: boolean;
  /** How argument `timeAt` is to be read; null when no time was given. */
  timeForm: keyof typeof TIME_FORMS | null;
  timeAt: number;
}

const TIME_OPTIONS = ['EX', 'PX', 'EXAT', 'PXAT'] as const;

/** What was read last. */
const options: SetOptions = {
  condition: null,
  get: false,
  keepExpiry: false,
  persist: false,
  timeForm: null,
  timeAt: 0,
};

/** The options from argument `from` on, valid until the next call; null when the syntax is wrong. */
export function readSetOptions(
  args: Arguments,
  from: number,
  command: 'set' | 'getex',
): SetOptions | null {
  options.condition = null;
  options.get = false;
  options.keepExpiry = false;
  options.persist = false;
  options.timeForm = null;
  options.timeAt = 0;
  for (let i = from; i < args.count; i++) {
    const read =
      readTimeOption(args, i) ||
      (command === 'set' ? readSetOption(args, i) : readPersist(args, i));
    if (!read) return null;
    if (options.timeAt === i + 1) i++;
  }
  return options;
}

function readSetOption(args: Arguments, i: number): boolean {
  if (args.equalsIgnoreCase(i, 'NX') && options.condition !== 'XX') options.condition = 'NX';
  else if (args.equalsIgnoreCase(i, 'XX') && options.condition !== 'NX') options.condition = 'XX';
  else if (args.equalsIgnoreCase(i, 'GET')) options.get = true;
  else if (args.equalsIgnoreCase(i, 'KEEPTTL') && options.timeForm === null) {
    options.keepExpiry = true;
  } else return false;
  return true;
}

function readPersist(args: Arguments, i: number): boolean {
  if (!args.equalsIgnoreCase(i, 'PERSIST') || options.timeForm !== null) return false;
  options.persist = true;
  return true;
}

/** A time option may be repeated, the last one counts; two different ones exclude each other. */
function readTimeOption(args: Arguments, i: number): boolean {
  if (i + 1 >= args.count || options.keepExpiry || options.persist) return false;
  for (const form of TIME_OPTIONS) {
    if (!args.equalsIgnoreCase(i, form)) continue;
    if (options.timeForm !== null && options.timeForm !== form) return false;
    options.timeForm = form;
    options.timeAt = i + 1;
    return true;
  }
  return false;
}
