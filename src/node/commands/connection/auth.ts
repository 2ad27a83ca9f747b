/** AUTH: becomes a user for the rest of the connection. */
import { DEFAULT_USER } from '#node/acl/users.ts';
import { ERRORS } from '#node/resp/errors.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ args, reply, session, node }: CommandContext): void {
  if (args.count > 3) {
    reply.error(ERRORS.syntax);
    return;
  }
  if (args.count === 2 && node.users.isOpen) {
    reply.error(ERRORS.noPasswordSet);
    return;
  }
  const name = args.count === 3 ? args.text(1) : DEFAULT_USER;
  if (session.authenticate(name, args.view(args.count - 1))) reply.ok();
  else reply.error(ERRORS.wrongPass);
}

export const auth: CommandSpec = {
  name: 'auth',
  arity: -2,
  group: 'connection',
  since: '1.0.0',
  summary: 'Authenticates the connection.',
  complexity: 'O(N) where N is the number of passwords defined for the user',
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  categories: ['connection'],
  keys: [],
  scope: 'none',
  arguments: [
    { name: 'username', type: 'string', flags: ['optional'] },
    { name: 'password', type: 'string' },
  ],
  run,
};
