/** Commands given as arguments of others (ACL DRYRUN, COMMAND GETKEYS). */
import type { CommandEntry, CommandIndex } from '#node/commands/command-index.ts';
import type { Arguments } from '#node/resp/arguments.ts';

/** Makes `out` the arguments of `args` from `first` on; they point into the same bytes. */
export function tail(args: Arguments, first: number, out: Arguments): Arguments {
  out.reset(args.bytes);
  for (let at = first; at < args.count; at++) out.push(args.start(at), args.end(at));
  return out;
}

/** The command or subcommand that `args` name. A container without a known subcommand is not found. */
export function entryOf(args: Arguments, index: CommandIndex): CommandEntry | undefined {
  const entry = index.byName(args.text(0).toLowerCase());
  if (entry === undefined || entry.container !== null) return undefined;
  if (entry.subcommands.length === 0 || args.count === 1) return entry;
  return index.byName(`${entry.fullName}|${args.text(1).toLowerCase()}`);
}
