/** COMMAND: what the server knows about its commands. */
import { globMatches } from '#node/acl/glob.ts';
import { utf8 } from '#base/bytes.ts';
import { isCategory } from '#node/acl/categories.ts';
import { type CommandEntry, keyFlags } from '#node/commands/command-index.ts';
import { helpOf } from '#node/commands/help.ts';
import { extractKeys, KeyPositions } from '#node/commands/keys.ts';
import type { CommandContext, CommandFlag, CommandSpec } from '#node/commands/spec.ts';
import { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { writeCommandDocs } from './command-docs.ts';
import { writeCommandInfo } from './command-info.ts';
import { entryOf, tail } from './given-command.ts';

const FLAGS: readonly CommandFlag[] = ['loading', 'stale'];
const SHARED = {
  group: 'server',
  complexity: 'O(N) where N is the total number of Redis commands',
  flags: FLAGS,
  categories: ['connection'],
  keys: [],
  scope: 'none',
} as const;

const positions = new KeyPositions();

const count: CommandSpec = {
  ...SHARED,
  name: 'count',
  arity: 2,
  since: '2.8.13',
  summary: 'Returns a count of commands.',
  complexity: 'O(1)',
  run: ({ reply, node }) => reply.integer(node.commands.commands.length),
};

/** COMMAND and COMMAND INFO: all commands, or those named. */
function info({ args, reply, node }: CommandContext): void {
  if (args.count <= 2) {
    reply.array(node.commands.commands.length);
    for (const entry of node.commands.commands) writeCommandInfo(reply, entry);
    return;
  }
  reply.array(args.count - 2);
  for (let at = 2; at < args.count; at++) {
    const entry = node.commands.byName(args.text(at).toLowerCase());
    if (entry === undefined) reply.null();
    else writeCommandInfo(reply, entry);
  }
}

const commandInfo: CommandSpec = {
  ...SHARED,
  name: 'info',
  arity: -2,
  since: '2.8.13',
  summary: 'Returns information about one, multiple or all commands.',
  complexity: 'O(N) where N is the number of commands to look up',
  tips: ['nondeterministic_output_order'],
  arguments: [{ name: 'command-name', type: 'string', flags: ['optional', 'multiple'] }],
  run: info,
};

const docs: CommandSpec = {
  ...SHARED,
  name: 'docs',
  arity: -2,
  since: '7.0.0',
  summary: 'Returns documentary information about one, multiple or all commands.',
  complexity: 'O(N) where N is the number of commands to look up',
  tips: ['nondeterministic_output_order'],
  arguments: [{ name: 'command-name', type: 'string', flags: ['optional', 'multiple'] }],
  run: ({ args, reply, node }) => {
    const entries: CommandEntry[] = [];
    if (args.count === 2) entries.push(...node.commands.commands);
    for (let at = 2; at < args.count; at++) {
      const entry = node.commands.byName(args.text(at).toLowerCase());
      if (entry !== undefined) entries.push(entry);
    }
    reply.map(entries.length);
    for (const entry of entries) writeCommandDocs(reply, entry);
  },
};

/** Every command and subcommand, containers included. */
function everyEntry(entries: readonly CommandEntry[], out: CommandEntry[]): CommandEntry[] {
  for (const entry of entries) {
    out.push(entry);
    everyEntry(entry.subcommands, out);
  }
  return out;
}

function list({ args, reply, node }: CommandContext): void {
  let entries = everyEntry(node.commands.commands, []);
  if (args.count === 5 && args.equalsIgnoreCase(2, 'FILTERBY')) {
    const wanted = args.text(4);
    if (args.equalsIgnoreCase(3, 'MODULE')) {
      entries = [];
    } else if (args.equalsIgnoreCase(3, 'ACLCAT')) {
      const category = wanted.toLowerCase();
      entries = isCategory(category)
        ? entries.filter((entry) => entry.categories.includes(category))
        : [];
    } else if (args.equalsIgnoreCase(3, 'PATTERN')) {
      const pattern = utf8(wanted.toLowerCase());
      entries = entries.filter(({ fullName }) => {
        const name = utf8(fullName);
        return globMatches(pattern, name, 0, name.length);
      });
    } else {
      reply.error(ERRORS.syntax);
      return;
    }
  } else if (args.count !== 2) {
    reply.error(ERRORS.syntax);
    return;
  }
  reply.set(entries.length);
  for (const { fullName } of entries) reply.bulkText(fullName);
}

const commandList: CommandSpec = {
  ...SHARED,
  name: 'list',
  arity: -2,
  since: '7.0.0',
  summary: 'Returns a list of command names.',
  tips: ['nondeterministic_output_order'],
  arguments: [
    {
      name: 'filterby',
      token: 'FILTERBY',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'module-name', token: 'MODULE', type: 'string' },
        { name: 'category', token: 'ACLCAT', type: 'string' },
        { name: 'pattern', token: 'PATTERN', type: 'pattern' },
      ],
    },
  ],
  run: list,
};

function getKeys({ args, reply, node }: CommandContext, withFlags: boolean): void {
  const given = tail(args, 2, new Arguments());
  const entry = entryOf(given, node.commands);
  if (entry === undefined) {
    reply.error(ERRORS.invalidCommandSpecified);
    return;
  }
  if (!entry.hasKeys) {
    reply.error(ERRORS.noKeyArguments);
    return;
  }
  const { arity } = entry.spec;
  if (arity >= 0 ? given.count !== arity : given.count < -arity) {
    reply.error(ERRORS.invalidArity);
    return;
  }
  const found = extractKeys(entry.spec, given, positions);
  const keys: number[] = [];
  for (let k = 0; k < positions.count; k++) {
    if (!positions.specs[k].flags.includes('not_key')) keys.push(k);
  }
  if (!found || keys.length === 0) {
    reply.error(ERRORS.invalidKeyArguments);
    return;
  }
  reply.array(keys.length);
  for (const k of keys) {
    const at = positions.positions[k];
    if (withFlags) reply.array(2);
    reply.bulk(given.bytes, given.start(at), given.end(at));
    if (!withFlags) continue;
    const flags = keyFlags(positions.specs[k], given);
    reply.set(flags.length);
    for (const flag of flags) reply.simple(flag);
  }
}

const commandGetKeys: CommandSpec = {
  ...SHARED,
  name: 'getkeys',
  arity: -3,
  since: '2.8.13',
  summary: 'Extracts the key names from an arbitrary command.',
  complexity: 'O(N) where N is the number of arguments to the command',
  arguments: [
    { name: 'command', type: 'string' },
    { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
  ],
  run: (context) => getKeys(context, false),
};

const commandGetKeysAndFlags: CommandSpec = {
  ...SHARED,
  name: 'getkeysandflags',
  arity: -3,
  since: '7.0.0',
  summary: 'Extracts the key names and access flags for an arbitrary command.',
  complexity: 'O(N) where N is the number of arguments to the command',
  arguments: [
    { name: 'command', type: 'string' },
    { name: 'arg', type: 'string', flags: ['optional', 'multiple'] },
  ],
  run: (context) => getKeys(context, true),
};

const help = helpOf({
  container: 'command',
  group: 'server',
  since: '5.0.0',
  categories: ['connection'],
  lines: [
    '(no subcommand)',
    '    Return details about all Redis commands.',
    'COUNT',
    '    Return the total number of commands in this Redis server.',
    'LIST',
    '    Return a list of all commands in this Redis server.',
    'INFO [<command-name> ...]',
    '    Return details about multiple Redis commands.',
    '    If no command names are given, documentation details for all',
    '    commands are returned.',
    'DOCS [<command-name> ...]',
    '    Return documentation details about multiple Redis commands.',
    '    If no command names are given, documentation details for all',
    '    commands are returned.',
    'GETKEYS <full-command>',
    '    Return the keys from a full Redis command.',
    'GETKEYSANDFLAGS <full-command>',
    '    Return the keys and the access flags from a full Redis command.',
  ],
});

export const command: CommandSpec = {
  ...SHARED,
  name: 'command',
  arity: -1,
  since: '2.8.13',
  summary: 'Returns detailed information about all commands.',
  tips: ['nondeterministic_output_order'],
  subcommands: [
    count,
    commandInfo,
    docs,
    commandList,
    commandGetKeys,
    commandGetKeysAndFlags,
    help,
  ],
  run: info,
};
