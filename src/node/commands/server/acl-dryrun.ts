/** ACL DRYRUN: says whether a user might run a command, without running it. */
import { type DeniedAt, checkRights, describeDenial } from '#node/commands/rights.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { entryOf, tail } from './given-command.ts';

const deniedAt: DeniedAt = { argument: 0 };

function run({ args, reply, node }: CommandContext): void {
  const user = node.users.find(args.text(2));
  if (user === undefined) {
    reply.error(ERRORS.userNotFound(args.text(2)));
    return;
  }
  const given = tail(args, 3, new Arguments());
  const entry = entryOf(given, node.commands);
  if (entry === undefined) {
    reply.error(ERRORS.commandNotFound(args.text(3)));
    return;
  }
  const { arity } = entry.spec;
  if (arity >= 0 ? given.count !== arity : given.count < -arity) {
    reply.error(ERRORS.wrongArity(entry.fullName));
    return;
  }
  const denial = checkRights(user, entry, given, deniedAt);
  if (denial === null) {
    reply.ok();
    return;
  }
  reply.bulkText(describeDenial(denial, user.name, entry, given, deniedAt.argument, true));
}

export const aclDryRun: CommandSpec = {
  name: 'dryrun',
  arity: -4,
  group: 'server',
  since: '7.0.0',
  summary: 'Simulates the execution of a command by a user, without executing the command.',
  complexity: 'O(1).',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous'],
  keys: [],
  scope: 'none',
  arguments: [
    { name: 'username', type: 'string' },
    { name: 'command', type: 'string' },
    { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
  ],
  run,
};
