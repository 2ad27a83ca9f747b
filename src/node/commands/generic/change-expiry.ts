/** What EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT have in common. */
import { readTime, type TimeForm } from '#node/commands/expiry.ts';
import type { CommandContext } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';

interface Conditions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
}

/** Sets the expiry of the key to the time of argument 2, or deletes the key when that is past. */
export function changeExpiry(context: CommandContext, form: TimeForm, command: string): void {
  const { args, keyspace, reply } = context;
  const conditions = readConditions(context);
  if (conditions === null) return;
  const expiresAtMs = readTime(context, 2, form, command, false);
  if (expiresAtMs === undefined) return;
  const { bytes } = args;
  const start = args.start(1);
  const end = args.end(1);
  if (
    keyspace.find(bytes, start, end) === 'none' ||
    !allows(conditions, keyspace.expiresAtMs, expiresAtMs)
  ) {
    reply.integer(0);
    return;
  }
  if (expiresAtMs <= keyspace.nowMs) keyspace.delete(bytes, start, end);
  else keyspace.setExpiry(bytes, start, end, expiresAtMs);
  reply.integer(1);
}

/** No expiry (0) counts as the latest. */
function allows({ nx, xx, gt, lt }: Conditions, current: number, wanted: number): boolean {
  if (nx && current !== 0) return false;
  if (xx && current === 0) return false;
  if (gt && (current === 0 || wanted <= current)) return false;
  return !(lt && current !== 0 && wanted >= current);
}

/** null with the error written. */
function readConditions({ args, reply }: CommandContext): Conditions | null {
  const conditions = { nx: false, xx: false, gt: false, lt: false };
  for (let i = 3; i < args.count; i++) {
    if (!readCondition(args, i, conditions)) {
      // Redis prints it as a C string
      reply.error(ERRORS.unsupportedOption(args.text(i).split('\0', 1)[0]));
      return null;
    }
  }
  const { nx, xx, gt, lt } = conditions;
  if (nx && (xx || gt || lt)) {
    reply.error(ERRORS.expireFlagsExclusive);
    return null;
  }
  if (gt && lt) {
    reply.error(ERRORS.expireGtLtExclusive);
    return null;
  }
  return conditions;
}

function readCondition(args: Arguments, i: number, conditions: Conditions): boolean {
  if (args.equalsIgnoreCase(i, 'NX')) conditions.nx = true;
  else if (args.equalsIgnoreCase(i, 'XX')) conditions.xx = true;
  else if (args.equalsIgnoreCase(i, 'GT')) conditions.gt = true;
  else if (args.equalsIgnoreCase(i, 'LT')) conditions.lt = true;
  else return false;
  return true;
}
