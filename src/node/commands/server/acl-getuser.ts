/** ACL GETUSER: what a user may do. */
import type { Selector } from '#node/acl/selector.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';

function writeRules(reply: ReplyWriter, selector: Selector): void {
  reply.bulkText('commands');
  reply.bulkText(selector.describeCommands());
  reply.bulkText('keys');
  reply.bulkText(selector.describeKeys());
  reply.bulkText('channels');
  reply.bulkText(selector.describeChannels());
}

function run({ args, reply, node }: CommandContext): void {
  const user = node.users.find(args.text(2));
  if (user === undefined) {
    reply.null();
    return;
  }
  reply.map(6);
  reply.bulkText('flags');
  reply.set(user.flags.length);
  for (const flag of user.flags) reply.bulkText(flag);
  reply.bulkText('passwords');
  reply.array(0); // never shown: see User.describe
  const [root, ...more] = user.selectors;
  writeRules(reply, root);
  reply.bulkText('selectors');
  reply.array(more.length);
  for (const selector of more) {
    reply.map(3);
    writeRules(reply, selector);
  }
}

export const aclGetUser: CommandSpec = {
  name: 'getuser',
  arity: 3,
  group: 'server',
  since: '6.0.0',
  summary: 'Lists the ACL rules of a user.',
  complexity:
    'O(N). Where N is the number of password, command and pattern rules that the user has.',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  categories: ['admin', 'dangerous'],
  keys: [],
  scope: 'none',
  arguments: [{ name: 'username', type: 'string' }],
  run,
};
