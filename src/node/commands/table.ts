/**
 * All commands, one line each, and their look-up by the bytes that a client sent. Adding a command is its
 * file and a line here.
 */
import type { Arguments } from '#node/resp/arguments.ts';
import { asking } from './cluster/asking.ts';
import { cluster } from './cluster/cluster.ts';
import { readonly } from './cluster/readonly.ts';
import { readwrite } from './cluster/readwrite.ts';
import { CommandNames } from './command-names.ts';
import { auth } from './connection/auth.ts';
import { client } from './connection/client.ts';
import { echo } from './connection/echo.ts';
import { hello } from './connection/hello.ts';
import { ping } from './connection/ping.ts';
import { quit } from './connection/quit.ts';
import { reset } from './connection/reset.ts';
import { select } from './connection/select.ts';
import { acl } from './server/acl.ts';
import { command } from './server/command.ts';
import { info } from './server/info.ts';
import { lolwut } from './server/lolwut.ts';
import { time } from './server/time.ts';
import { copy } from './generic/copy.ts';
import { dbsize } from './generic/dbsize.ts';
import { del } from './generic/del.ts';
import { exists } from './generic/exists.ts';
import { expire } from './generic/expire.ts';
import { expireat } from './generic/expireat.ts';
import { expiretime } from './generic/expiretime.ts';
import { flushall } from './generic/flushall.ts';
import { flushdb } from './generic/flushdb.ts';
import { keys } from './generic/keys.ts';
import { object } from './generic/object.ts';
import { persist } from './generic/persist.ts';
import { pexpire } from './generic/pexpire.ts';
import { pexpireat } from './generic/pexpireat.ts';
import { pexpiretime } from './generic/pexpiretime.ts';
import { pttl } from './generic/pttl.ts';
import { randomkey } from './generic/randomkey.ts';
import { rename } from './generic/rename.ts';
import { renamenx } from './generic/renamenx.ts';
import { scan } from './generic/scan.ts';
import { touch } from './generic/touch.ts';
import { ttl } from './generic/ttl.ts';
import { type } from './generic/type.ts';
import { unlink } from './generic/unlink.ts';
import { hdel } from './hash/hdel.ts';
import { hexists } from './hash/hexists.ts';
import { hget } from './hash/hget.ts';
import { hgetall } from './hash/hgetall.ts';
import { hincrby } from './hash/hincrby.ts';
import { hincrbyfloat } from './hash/hincrbyfloat.ts';
import { hkeys } from './hash/hkeys.ts';
import { hlen } from './hash/hlen.ts';
import { hmget } from './hash/hmget.ts';
import { hmset } from './hash/hmset.ts';
import { hrandfield } from './hash/hrandfield.ts';
import { hscan } from './hash/hscan.ts';
import { hset } from './hash/hset.ts';
import { hsetnx } from './hash/hsetnx.ts';
import { hstrlen } from './hash/hstrlen.ts';
import { hvals } from './hash/hvals.ts';
import { append } from './string/append.ts';
import { decr } from './string/decr.ts';
import { decrby } from './string/decrby.ts';
import { get } from './string/get.ts';
import { getdel } from './string/getdel.ts';
import { getex } from './string/getex.ts';
import { getrange } from './string/getrange.ts';
import { getset } from './string/getset.ts';
import { incr } from './string/incr.ts';
import { incrby } from './string/incrby.ts';
import { incrbyfloat } from './string/incrbyfloat.ts';
import { lcs } from './string/lcs.ts';
import { mget } from './string/mget.ts';
import { mset } from './string/mset.ts';
import { msetnx } from './string/msetnx.ts';
import { psetex } from './string/psetex.ts';
import { set } from './string/set.ts';
import { setex } from './string/setex.ts';
import { setnx } from './string/setnx.ts';
import { setrange } from './string/setrange.ts';
import { strlen } from './string/strlen.ts';
import { substr } from './string/substr.ts';
import type { CommandSpec } from './spec.ts';
import { discard } from './transactions/discard.ts';
import { exec } from './transactions/exec.ts';
import { multi } from './transactions/multi.ts';
import { unwatch } from './transactions/unwatch.ts';
import { watch } from './transactions/watch.ts';

/** Every command, in groups. */
export const COMMANDS: readonly CommandSpec[] = [
  // connection
  auth,
  client,
  echo,
  hello,
  ping,
  quit,
  reset,
  select,
  // transactions
  discard,
  exec,
  multi,
  unwatch,
  watch,
  // server
  acl,
  command,
  info,
  lolwut,
  time,
  // cluster
  asking,
  cluster,
  readonly,
  readwrite,
  // generic
  del,
  unlink,
  exists,
  touch,
  type,
  expire,
  pexpire,
  expireat,
  pexpireat,
  ttl,
  pttl,
  expiretime,
  pexpiretime,
  persist,
  rename,
  renamenx,
  copy,
  keys,
  scan,
  randomkey,
  dbsize,
  flushall,
  flushdb,
  object,
  // string
  get,
  set,
  setnx,
  setex,
  psetex,
  getset,
  getdel,
  getex,
  mget,
  mset,
  msetnx,
  append,
  strlen,
  incr,
  decr,
  incrby,
  decrby,
  incrbyfloat,
  getrange,
  substr,
  setrange,
  lcs,
  // hash
  hset,
  hmset,
  hsetnx,
  hget,
  hmget,
  hgetall,
  hkeys,
  hvals,
  hdel,
  hlen,
  hexists,
  hstrlen,
  hincrby,
  hincrbyfloat,
  hrandfield,
  hscan,
];

const names = new CommandNames(COMMANDS);
const subcommandNames = new Map<CommandSpec, CommandNames<CommandSpec>>();
for (const spec of COMMANDS) {
  if (spec.subcommands) subcommandNames.set(spec, new CommandNames(spec.subcommands));
}

/** The command that `args` name by their first argument; of a container see {@link lookupSubcommand}. */
export function lookupCommand(args: Arguments): CommandSpec | undefined {
  return names.find(args.bytes, args.start(0), args.end(0));
}

/** The subcommand of `container` that `args` name by their second argument. */
export function lookupSubcommand(container: CommandSpec, args: Arguments): CommandSpec | undefined {
  if (args.count < 2) return undefined;
  return subcommandNames.get(container)?.find(args.bytes, args.start(1), args.end(1));
}

/** The command or, with `container|subcommand`, the subcommand of this name (any case). */
export function lookupByName(name: string): CommandSpec | undefined {
  const [first, second] = name.toLowerCase().split('|', 2);
  const spec = COMMANDS.find((candidate) => candidate.name === first);
  if (second === undefined) return spec;
  return spec?.subcommands?.find((candidate) => candidate.name === second);
}

/** COMMAND's name of a (sub)command: `get`, `client|list`. */
export function fullName(container: CommandSpec | null, spec: CommandSpec): string {
  return container === null ? spec.name : `${container.name}|${spec.name}`;
}

/** May this command have `count` arguments (its name, and the container's, included)? */
export function arityAllows(spec: CommandSpec, count: number): boolean {
  return spec.arity >= 0 ? count === spec.arity : count >= -spec.arity;
}
