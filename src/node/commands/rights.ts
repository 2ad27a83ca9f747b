/**
 * Whether a user may run a command with these arguments: the session asks before a command runs (and again
 * at EXEC), ACL DRYRUN asks without running it.
 */
import type { Selector } from '#node/acl/selector.ts';
import type { User } from '#node/acl/users.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { accessOf, type CommandEntry, keyFlags } from './command-index.ts';
import { extractKeys, KeyPositions } from './keys.ts';

export type Denial = 'command' | 'key';

/** What the last {@link checkRights} with a `key` verdict refused: an argument's index. */
export interface DeniedAt {
  argument: number;
}

const positions = new KeyPositions();

/**
 * null when `user` may. Else the reason of the selector that came furthest, as Redis reports it; `at` is then
 * set to the argument at fault (0 for the command itself).
 */
export function checkRights(
  user: User,
  entry: CommandEntry,
  args: Arguments,
  at: DeniedAt,
): Denial | null {
  if (user.unrestricted) return null;
  let worst: Denial = 'command';
  at.argument = 0;
  for (const selector of user.selectors) {
    if (!allowsCommand(selector, entry, args)) continue;
    if (selector.allKeys || !entry.hasKeys) return null;
    const argument = firstDeniedKey(selector, entry, args);
    if (argument === -1) return null;
    worst = 'key';
    if (argument > at.argument) at.argument = argument;
  }
  return worst;
}

function allowsCommand(selector: Selector, entry: CommandEntry, args: Arguments): boolean {
  if (selector.allCommands || entry.withoutAuth) return true;
  if (selector.allowsId(entry.id)) return true;
  return (
    selector.hasFirstArguments && args.count > 1 && selector.allowsFirst(entry.id, args.text(1))
  );
}

/** The first key argument that `selector` does not allow, or -1. Malformed arguments name no key. */
function firstDeniedKey(selector: Selector, entry: CommandEntry, args: Arguments): number {
  const { keyAt, keyAccess } = entry;
  if (keyAccess >= 0) {
    const start = args.start(keyAt);
    return selector.allowsKey(args.bytes, start, args.end(keyAt), keyAccess) ? -1 : keyAt;
  }
  if (!extractKeys(entry.spec, args, positions)) return -1;
  for (let k = 0; k < positions.count; k++) {
    const spec = positions.specs[k];
    if (spec.flags.includes('not_key')) continue;
    const at = positions.positions[k];
    const access = accessOf(keyFlags(spec, args));
    if (!selector.allowsKey(args.bytes, args.start(at), args.end(at), access)) return at;
  }
  return -1;
}

/** Redis' words for a refusal, without `NOPERM`; `verbose` names user and key (ACL DRYRUN). */
export function describeDenial(
  denial: Denial,
  userName: string,
  entry: CommandEntry,
  args: Arguments,
  argument: number,
  verbose: boolean,
): string {
  if (denial === 'command') {
    return `User ${userName} has no permissions to run the '${entry.fullName}' command`;
  }
  if (!verbose) return 'No permissions to access a key';
  return `User ${userName} has no permissions to access the '${args.text(argument)}' key`;
}
