/**
 * All commands, one line each; command-index.ts finds them. Adding a command is its file and a line here.
 */
import { asking } from './cluster/asking.ts';
import { cluster } from './cluster/cluster.ts';
import { readonly } from './cluster/readonly.ts';
import { readwrite } from './cluster/readwrite.ts';
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
import { config } from './server/config.ts';
import { debug } from './server/debug.ts';
import { info } from './server/info.ts';
import { lolwut } from './server/lolwut.ts';
import { memory } from './server/memory.ts';
import { functions } from './scripting/function.ts';
import { script } from './scripting/script.ts';
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
import { move } from './generic/move.ts';
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
import { sortRo } from './generic/sort-ro.ts';
import { sort } from './generic/sort.ts';
import { touch } from './generic/touch.ts';
import { ttl } from './generic/ttl.ts';
import { type } from './generic/type.ts';
import { unlink } from './generic/unlink.ts';
import { wait } from './generic/wait.ts';
import { waitaof } from './generic/waitaof.ts';
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
import { lindex } from './list/lindex.ts';
import { linsert } from './list/linsert.ts';
import { llen } from './list/llen.ts';
import { lmove } from './list/lmove.ts';
import { lmpop } from './list/lmpop.ts';
import { lpop } from './list/lpop.ts';
import { lpos } from './list/lpos.ts';
import { lpush } from './list/lpush.ts';
import { lpushx } from './list/lpushx.ts';
import { lrange } from './list/lrange.ts';
import { lrem } from './list/lrem.ts';
import { lset } from './list/lset.ts';
import { ltrim } from './list/ltrim.ts';
import { rpop } from './list/rpop.ts';
import { rpoplpush } from './list/rpoplpush.ts';
import { rpush } from './list/rpush.ts';
import { rpushx } from './list/rpushx.ts';
import { sadd } from './set/sadd.ts';
import { scard } from './set/scard.ts';
import { sdiff } from './set/sdiff.ts';
import { sdiffstore } from './set/sdiffstore.ts';
import { sinter } from './set/sinter.ts';
import { sintercard } from './set/sintercard.ts';
import { sinterstore } from './set/sinterstore.ts';
import { sismember } from './set/sismember.ts';
import { smembers } from './set/smembers.ts';
import { smismember } from './set/smismember.ts';
import { smove } from './set/smove.ts';
import { spop } from './set/spop.ts';
import { srandmember } from './set/srandmember.ts';
import { srem } from './set/srem.ts';
import { sscan } from './set/sscan.ts';
import { sunion } from './set/sunion.ts';
import { sunionstore } from './set/sunionstore.ts';
import { zadd } from './sorted-set/zadd.ts';
import { zcard } from './sorted-set/zcard.ts';
import { zcount } from './sorted-set/zcount.ts';
import { zdiff } from './sorted-set/zdiff.ts';
import { zdiffstore } from './sorted-set/zdiffstore.ts';
import { zincrby } from './sorted-set/zincrby.ts';
import { zinter } from './sorted-set/zinter.ts';
import { zintercard } from './sorted-set/zintercard.ts';
import { zinterstore } from './sorted-set/zinterstore.ts';
import { zlexcount } from './sorted-set/zlexcount.ts';
import { zmpop } from './sorted-set/zmpop.ts';
import { zmscore } from './sorted-set/zmscore.ts';
import { zpopmax } from './sorted-set/zpopmax.ts';
import { zpopmin } from './sorted-set/zpopmin.ts';
import { zrandmember } from './sorted-set/zrandmember.ts';
import { zrange } from './sorted-set/zrange.ts';
import { zrangebylex } from './sorted-set/zrangebylex.ts';
import { zrangebyscore } from './sorted-set/zrangebyscore.ts';
import { zrangestore } from './sorted-set/zrangestore.ts';
import { zrank } from './sorted-set/zrank.ts';
import { zrem } from './sorted-set/zrem.ts';
import { zremrangebylex } from './sorted-set/zremrangebylex.ts';
import { zremrangebyrank } from './sorted-set/zremrangebyrank.ts';
import { zremrangebyscore } from './sorted-set/zremrangebyscore.ts';
import { zrevrange } from './sorted-set/zrevrange.ts';
import { zrevrangebylex } from './sorted-set/zrevrangebylex.ts';
import { zrevrangebyscore } from './sorted-set/zrevrangebyscore.ts';
import { zrevrank } from './sorted-set/zrevrank.ts';
import { zscan } from './sorted-set/zscan.ts';
import { zscore } from './sorted-set/zscore.ts';
import { zunion } from './sorted-set/zunion.ts';
import { zunionstore } from './sorted-set/zunionstore.ts';
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
  config,
  debug,
  info,
  lolwut,
  memory,
  time,
  // scripting
  functions,
  script,
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
  move,
  keys,
  scan,
  randomkey,
  dbsize,
  flushall,
  flushdb,
  object,
  sort,
  sortRo,
  wait,
  waitaof,
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
  // list
  lpush,
  rpush,
  lpushx,
  rpushx,
  lpop,
  rpop,
  llen,
  lrange,
  lindex,
  lset,
  linsert,
  lrem,
  ltrim,
  lpos,
  lmove,
  rpoplpush,
  lmpop,
  // set
  sadd,
  srem,
  sismember,
  smismember,
  scard,
  smembers,
  spop,
  srandmember,
  smove,
  sscan,
  sinter,
  sinterstore,
  sintercard,
  sunion,
  sunionstore,
  sdiff,
  sdiffstore,
  // sorted set
  zadd,
  zincrby,
  zrem,
  zcard,
  zcount,
  zlexcount,
  zscore,
  zmscore,
  zrank,
  zrevrank,
  zrange,
  zrangestore,
  zrevrange,
  zrangebyscore,
  zrevrangebyscore,
  zrangebylex,
  zrevrangebylex,
  zremrangebyrank,
  zremrangebyscore,
  zremrangebylex,
  zpopmin,
  zpopmax,
  zmpop,
  zrandmember,
  zscan,
  zunion,
  zunionstore,
  zinter,
  zinterstore,
  zintercard,
  zdiff,
  zdiffstore,
];

/** The commands of a node: those for tests only if `testing`. */
export function admittedCommands(testing: boolean): readonly CommandSpec[] {
  return COMMANDS.filter(({ forTests }) => testing || forTests !== true);
}
