/** What TTL, PTTL, EXPIRETIME and PEXPIRETIME have in common. */
import type { CommandContext } from '#node/commands/spec.ts';

/** Replies with the expiry of the key, -1 when it has none, -2 when it is not there; seconds are rounded. */
export function replyExpiry(
  { args, keyspace, reply }: CommandContext,
  unit: 'seconds' | 'milliseconds',
  relative: boolean,
): void {
  if (keyspace.peek(args.bytes, args.start(1), args.end(1)) === 'none') {
    reply.integer(-2);
    return;
  }
  const { expiresAtMs } = keyspace;
  if (expiresAtMs === 0) {
    reply.integer(-1);
    return;
  }
  const timeMs = relative ? Math.max(0, expiresAtMs - keyspace.nowMs) : expiresAtMs;
  reply.integer(unit === 'seconds' ? Math.floor((timeMs + 500) / 1000) : Math.floor(timeMs));
}
