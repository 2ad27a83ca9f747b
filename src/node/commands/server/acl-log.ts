/** ACL LOG: what this member refused lately. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

const COUNT_DEFAULT = 10;

function run({ args, reply, node }: CommandContext): void {
  if (args.count > 3) {
    reply.error(ERRORS.subcommandSyntax(args.text(1), 'ACL'));
    return;
  }
  let count = COUNT_DEFAULT;
  if (args.count === 3) {
    if (args.equalsIgnoreCase(2, 'RESET')) {
      node.aclLog.clear();
      reply.ok();
      return;
    }
    const wanted = args.clampedInteger(2);
    if (wanted === undefined) {
      reply.error(ERRORS.notInteger);
      return;
    }
    count = Math.max(wanted, 0);
  }
  const entries = node.aclLog.newest(count);
  reply.array(entries.length);
  for (const entry of entries) {
    reply.map(10);
    reply.bulkText('count');
    reply.integer(entry.count);
    reply.bulkText('reason');
    reply.bulkText(entry.reason);
    reply.bulkText('context');
    reply.bulkText(entry.context);
    reply.bulkText('object');
    reply.bulkText(entry.object);
    reply.bulkText('username');
    reply.bulkText(entry.userName);
    reply.bulkText('age-seconds');
    reply.double(Math.max(0, node.shardTimeMs - entry.createdMs) / 1000);
    reply.bulkText('client-info');
    reply.bulkText(entry.client);
    reply.bulkText('entry-id');
    reply.integer(entry.id);
    reply.bulkText('timestamp-created');
    reply.integer(entry.createdMs);
    reply.bulkText('timestamp-last-updated');
    reply.integer(entry.updatedMs);
  }
}

export const aclLog: CommandSpec = {
  name: 'log',
  arity: -2,
  group: 'server',
  since: '6.0.0',
  summary: 'Lists recent security events generated due to ACL rules.',
  complexity: 'O(N) with N being the number of entries shown.',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous'],
  keys: [],
  scope: 'none',
  arguments: [
    {
      name: 'operation',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'count', type: 'integer' },
        { name: 'reset', token: 'RESET', type: 'pure-token' },
      ],
    },
  ],
  run,
};
