/** HELLO: switches the protocol, and may authenticate and name the connection on the way. */
import { ERRORS } from '#node/resp/errors.ts';
import { REDIS_VERSION } from '#node/commands/server/version.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { isClientName } from './client-name.ts';

function run(context: CommandContext): void {
  const { args, reply, session } = context;
  let protocol: 2 | 3 = session.protocol;
  let at = 1;
  if (args.count > 1) {
    const wanted = args.integer(1);
    if (wanted === undefined) {
      reply.error(ERRORS.protocolNotInteger);
      return;
    }
    if (wanted !== 2 && wanted !== 3) {
      reply.error(ERRORS.noProtocol);
      return;
    }
    protocol = wanted;
    at = 2;
  }
  let name: string | null = null;
  let user = -1;
  for (; at < args.count; at++) {
    const more = args.count - 1 - at;
    if (more >= 2 && args.equalsIgnoreCase(at, 'AUTH')) {
      user = at + 1;
      at += 2;
    } else if (more >= 1 && args.equalsIgnoreCase(at, 'SETNAME')) {
      name = args.latin1(at + 1);
      if (!isClientName(name)) {
        reply.error(ERRORS.invalidClientName);
        return;
      }
      at += 1;
    } else {
      reply.error(ERRORS.helloSyntax(args.text(at)));
      return;
    }
  }
  if (user !== -1 && !session.authenticate(args.text(user), args.view(user + 1))) {
    reply.error(ERRORS.wrongPass);
    return;
  }
  if (session.authRequired) {
    reply.error(ERRORS.helloNeedsAuth);
    return;
  }
  if (name !== null) session.setClientName(name);
  session.setProtocol(protocol);
  greet(context);
}

function greet({ reply, session, node }: CommandContext): void {
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(REDIS_VERSION);
  reply.bulkText('proto');
  reply.integer(session.protocol);
  reply.bulkText('id');
  reply.integer(session.id);
  reply.bulkText('mode');
  reply.bulkText('cluster');
  reply.bulkText('role');
  reply.bulkText(node.role);
  reply.bulkText('modules');
  reply.array(0);
}

export const hello: CommandSpec = {
  name: 'hello',
  arity: -1,
  group: 'connection',
  since: '6.0.0',
  summary: 'Handshakes with the server.',
  complexity: 'O(1)',
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  categories: ['connection'],
  keys: [],
  scope: 'none',
  arguments: [
    {
      name: 'arguments',
      type: 'block',
      flags: ['optional'],
      arguments: [
        { name: 'protover', type: 'integer' },
        {
          name: 'auth',
          token: 'AUTH',
          type: 'block',
          flags: ['optional'],
          arguments: [
            { name: 'username', type: 'string' },
            { name: 'password', type: 'string' },
          ],
        },
        { name: 'clientname', token: 'SETNAME', type: 'string', flags: ['optional'] },
      ],
    },
  ],
  run,
};
