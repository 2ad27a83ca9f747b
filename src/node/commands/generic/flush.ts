/** What FLUSHALL and FLUSHDB do: there is one database. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

/** Deletes everything. SYNC and ASYNC mean the same here: memory is given back by the garbage collector. */
export function flush({ args, keyspace, reply }: CommandContext): void {
  const mode = args.count === 2 ? 1 : 0;
  const known = args.equalsIgnoreCase(mode, 'SYNC') || args.equalsIgnoreCase(mode, 'ASYNC');
  if (args.count > 2 || (mode === 1 && !known)) {
    reply.error(ERRORS.syntax);
    return;
  }
  keyspace.flushAll();
  reply.ok();
}
