/**
 * ACL: the container. Users are the operator's (they come with the settings in the log), so nothing here
 * changes one: SETUSER, DELUSER, LOAD and SAVE do not exist.
 */
import { ACL_CATEGORIES, isCategory } from '#node/acl/categories.ts';
import { helpOf } from '#node/commands/help.ts';
import type { AclCategory, CommandFlag, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { aclDryRun } from './acl-dryrun.ts';
import { aclGetUser } from './acl-getuser.ts';
import { aclLog } from './acl-log.ts';

const OPEN: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const ADMIN: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];
const DANGEROUS: readonly AclCategory[] = ['admin', 'dangerous'];
const SHARED = { group: 'server', keys: [], scope: 'none' } as const;

const whoAmI: CommandSpec = {
  ...SHARED,
  name: 'whoami',
  arity: 2,
  since: '6.0.0',
  summary: 'Returns the authenticated username of the current connection.',
  complexity: 'O(1)',
  flags: OPEN,
  categories: [],
  run: ({ reply, session }) => reply.bulkText(session.user.name),
};

const users: CommandSpec = {
  ...SHARED,
  name: 'users',
  arity: 2,
  since: '6.0.0',
  summary: 'Lists all ACL users.',
  complexity: 'O(N). Where N is the number of configured users.',
  flags: ADMIN,
  categories: DANGEROUS,
  run: ({ reply, node }) => {
    const { all } = node.users;
    reply.array(all.length);
    for (const user of all) reply.bulkText(user.name);
  },
};

const list: CommandSpec = {
  ...SHARED,
  name: 'list',
  arity: 2,
  since: '6.0.0',
  summary: 'Dumps the effective rules in ACL file format.',
  complexity: 'O(N). Where N is the number of configured users.',
  flags: ADMIN,
  categories: DANGEROUS,
  run: ({ reply, node }) => {
    const { all } = node.users;
    reply.array(all.length);
    for (const user of all) reply.bulkText(user.describe());
  },
};

const cat: CommandSpec = {
  ...SHARED,
  name: 'cat',
  arity: -2,
  since: '6.0.0',
  summary: 'Lists the ACL categories, or the commands inside a category.',
  complexity: 'O(1) since the categories and commands are a fixed set.',
  flags: OPEN,
  categories: [],
  arguments: [{ name: 'category', type: 'string', flags: ['optional'] }],
  run: ({ args, reply, node }) => {
    if (args.count > 3) {
      reply.error(ERRORS.subcommandSyntax(args.text(1), 'ACL'));
      return;
    }
    if (args.count === 2) {
      reply.array(ACL_CATEGORIES.length);
      for (const category of ACL_CATEGORIES) reply.bulkText(category);
      return;
    }
    const category = args.text(2).toLowerCase();
    if (!isCategory(category)) {
      reply.error(ERRORS.unknownCategory(args.text(2)));
      return;
    }
    const commands = node.commands.catalog.inCategory(category);
    reply.array(commands.length);
    for (const command of commands) reply.bulkText(command.name);
  },
};

const help = helpOf({
  container: 'acl',
  group: 'server',
  since: '6.0.0',
  categories: [],
  lines: [
    'CAT [<category>]',
    '    List all commands that belong to <category>, or all command categories',
    '    when no category is specified.',
    'DRYRUN <username> <command> [<arg> ...]',
    '    Returns whether the user can execute the given command without executing the command.',
    'GETUSER <username>',
    "    Get the user's details.",
    'LIST',
    '    Show users details in config file format.',
    'LOG [<count> | RESET]',
    '    Show the ACL log entries.',
    'USERS',
    '    List all the registered usernames.',
    'WHOAMI',
    '    Return the current connection username.',
  ],
});

export const acl: CommandSpec = {
  ...SHARED,
  name: 'acl',
  arity: -2,
  since: '6.0.0',
  summary: 'A container for Access List Control commands.',
  complexity: 'Depends on subcommand.',
  flags: [],
  categories: [],
  subcommands: [whoAmI, users, list, aclGetUser, cat, aclDryRun, aclLog, help],
};
