/** What HSET and its old name HMSET do. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findHash, setField } from './find-hash.ts';

/** Sets the fields named by arguments 2, 4 and so on; how many are new, or undefined with the error written. */
export function setFields(context: CommandContext, command: string): number | undefined {
  const { args, reply } = context;
  if (args.count % 2 === 1) {
    reply.error(ERRORS.wrongArity(command));
    return undefined;
  }
  if (findHash(context) === 'refused') return undefined;
  let created = 0;
  for (let i = 2; i < args.count; i += 2) if (setField(context, i, i + 1)) created++;
  return created;
}
