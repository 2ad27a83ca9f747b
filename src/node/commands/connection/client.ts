/** CLIENT: the container. What it shows and kills are the connections of the member that is asked. */
import { helpOf } from '#node/commands/help.ts';
import type { AclCategory, CommandContext, CommandFlag, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { clientKill } from './client-kill.ts';
import { clientList } from './client-list.ts';
import { isClientName } from './client-name.ts';

const FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const CATEGORIES: readonly AclCategory[] = ['connection'];
const SHARED = { group: 'connection', complexity: 'O(1)', keys: [], scope: 'none' } as const;

const id: CommandSpec = {
  ...SHARED,
  name: 'id',
  arity: 2,
  since: '5.0.0',
  summary: 'Returns the unique client ID of the connection.',
  flags: FLAGS,
  categories: CATEGORIES,
  run: ({ reply, session }) => reply.integer(session.id),
};

const getName: CommandSpec = {
  ...SHARED,
  name: 'getname',
  arity: 2,
  since: '2.6.9',
  summary: 'Returns the name of the connection.',
  flags: FLAGS,
  categories: CATEGORIES,
  run: ({ reply, session }) => {
    if (session.clientName === '') reply.null();
    else reply.bulkLatin1(session.clientName);
  },
};

const setName: CommandSpec = {
  ...SHARED,
  name: 'setname',
  arity: 3,
  since: '2.6.9',
  summary: 'Sets the connection name.',
  flags: FLAGS,
  categories: CATEGORIES,
  arguments: [{ name: 'connection-name', type: 'string' }],
  run: ({ args, reply, session }) => {
    const name = args.latin1(2);
    if (!isClientName(name)) {
      reply.error(ERRORS.invalidClientName);
      return;
    }
    session.setClientName(name);
    reply.ok();
  },
};

const setInfo: CommandSpec = {
  ...SHARED,
  name: 'setinfo',
  arity: 4,
  since: '7.2.0',
  summary: 'Sets information specific to the client or connection.',
  flags: FLAGS,
  categories: CATEGORIES,
  arguments: [
    {
      name: 'attr',
      type: 'oneof',
      arguments: [
        { name: 'libname', token: 'lib-name', type: 'string' },
        { name: 'libver', token: 'lib-ver', type: 'string' },
      ],
    },
  ],
  run: ({ args, reply, session }) => {
    const attribute = args.text(2).toLowerCase();
    if (attribute !== 'lib-name' && attribute !== 'lib-ver') {
      reply.error(ERRORS.unrecognizedOption(args.text(2)));
      return;
    }
    const value = args.latin1(3);
    if (!isClientName(value)) {
      reply.error(ERRORS.invalidLibraryInfo(attribute));
      return;
    }
    session.setLibrary(attribute, value);
    reply.ok();
  },
};

const info: CommandSpec = {
  ...SHARED,
  name: 'info',
  arity: 2,
  since: '6.2.0',
  summary: 'Returns information about the connection.',
  flags: FLAGS,
  categories: CATEGORIES,
  run: ({ reply, session }) => reply.verbatim('txt', `${session.describe()}\n`),
};

/** A subcommand that takes ON or OFF. */
function onOff(context: CommandContext, set: (on: boolean) => void): void {
  const { args, reply } = context;
  const on = args.equalsIgnoreCase(2, 'ON');
  if (!on && !args.equalsIgnoreCase(2, 'OFF')) {
    reply.error(ERRORS.syntax);
    return;
  }
  set(on);
  reply.ok();
}

const ON_OFF = [
  {
    name: 'enabled',
    type: 'oneof',
    arguments: [
      { name: 'on', token: 'ON', type: 'pure-token' },
      { name: 'off', token: 'OFF', type: 'pure-token' },
    ],
  },
] as const;

const noEvict: CommandSpec = {
  ...SHARED,
  name: 'no-evict',
  arity: 3,
  since: '7.0.0',
  summary: 'Sets the client eviction mode of the connection.',
  flags: ['admin', ...FLAGS],
  categories: ['admin', 'dangerous', ...CATEGORIES],
  arguments: ON_OFF,
  run: (context) => onOff(context, (on) => context.session.setNoEvict(on)),
};

const noTouch: CommandSpec = {
  ...SHARED,
  name: 'no-touch',
  arity: 3,
  since: '7.2.0',
  summary: 'Controls whether commands sent by the client affect the LRU/LFU of accessed keys.',
  flags: FLAGS,
  categories: CATEGORIES,
  arguments: ON_OFF,
  run: (context) => onOff(context, (on) => context.session.setNoTouch(on)),
};

const replyMode: CommandSpec = {
  ...SHARED,
  name: 'reply',
  arity: 3,
  since: '3.2.0',
  summary: 'Instructs the server whether to reply to commands.',
  flags: FLAGS,
  categories: CATEGORIES,
  arguments: [
    {
      name: 'action',
      type: 'oneof',
      arguments: [
        { name: 'on', token: 'ON', type: 'pure-token' },
        { name: 'off', token: 'OFF', type: 'pure-token' },
        { name: 'skip', token: 'SKIP', type: 'pure-token' },
      ],
    },
  ],
  run: ({ args, reply, session }) => {
    if (args.equalsIgnoreCase(2, 'ON')) {
      session.setReplyMode('on');
      reply.ok();
    } else if (args.equalsIgnoreCase(2, 'OFF')) {
      session.setReplyMode('off');
    } else if (args.equalsIgnoreCase(2, 'SKIP')) {
      session.setReplyMode('skip');
    } else {
      reply.error(ERRORS.syntax);
    }
  },
};

const getRedir: CommandSpec = {
  ...SHARED,
  name: 'getredir',
  arity: 2,
  since: '6.0.0',
  summary: "Returns the client ID to which the connection's tracking notifications are redirected.",
  flags: FLAGS,
  categories: CATEGORIES,
  run: ({ reply }) => reply.integer(-1),
};

const help = helpOf({
  container: 'client',
  group: 'connection',
  since: '5.0.0',
  categories: CATEGORIES,
  lines: [
    'GETNAME',
    '    Return the name of the current connection.',
    'GETREDIR',
    '    Return the client ID we are redirecting to when tracking is enabled.',
    'ID',
    '    Return the ID of the current connection.',
    'INFO',
    '    Return information about the current client connection.',
    'KILL <ip:port>',
    '    Kill connection made from <ip:port>.',
    'KILL <option> <value> [<option> <value> [...]]',
    '    Kill connections. Options are:',
    '    * ADDR (<ip:port>|<unixsocket>:0)',
    '      Kill connections made from the specified address',
    '    * LADDR (<ip:port>|<unixsocket>:0)',
    '      Kill connections made to specified local address',
    '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '      Kill connections by type.',
    '    * USER <username>',
    '      Kill connections authenticated by <username>.',
    '    * SKIPME (YES|NO)',
    '      Skip killing current connection (default: yes).',
    '    * ID <client-id>',
    '      Kill connections by client id.',
    'LIST [options ...]',
    '    Return information about client connections. Options:',
    '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '      Return clients of specified type.',
    '    * ID <client-id> [<client-id> ...]',
    '      Return clients of specified IDs only.',
    'NO-EVICT (ON|OFF)',
    '    Protect current client connection from eviction.',
    'NO-TOUCH (ON|OFF)',
    '    Will not touch LRU/LFU stats when this mode is on.',
    'REPLY (ON|OFF|SKIP)',
    '    Control the replies sent to the current connection.',
    'SETINFO <option> <value>',
    '    Set client meta attr. Options are:',
    '    * LIB-NAME: the client lib name.',
    '    * LIB-VER: the client lib version.',
    'SETNAME <name>',
    '    Assign the name <name> to the current connection.',
  ],
});

export const client: CommandSpec = {
  ...SHARED,
  name: 'client',
  arity: -2,
  since: '2.4.0',
  summary: 'A container for client connection commands.',
  complexity: 'Depends on subcommand.',
  flags: [],
  categories: [],
  subcommands: [
    id,
    getName,
    setName,
    setInfo,
    info,
    clientList,
    clientKill,
    noEvict,
    noTouch,
    replyMode,
    getRedir,
    help,
  ],
};
