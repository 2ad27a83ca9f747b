/**
 * INFO. The node gathers numbers into an {@link InfoData}; here they become Redis' text. Names that tools
 * read (`redis_version`, `used_memory`, `master_repl_offset`…) are Redis'; what only Holdfast has stands in
 * a section of its own.
 */
import type { CommandIndex } from '#node/commands/command-index.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { REDIS_VERSION } from './version.ts';

export interface InfoReplica {
  readonly host: string;
  readonly port: number;
  readonly online: boolean;
  /** Log index that it has. */
  readonly offset: number;
  /** Seconds since it was last heard of. */
  readonly lagSeconds: number;
}

/** Counters by command id; see `CommandStatistics` of the session room. */
export interface InfoCommandStatistics {
  readonly calls: Float64Array;
  readonly rejected: Float64Array;
  readonly failed: Float64Array;
  readonly microseconds: Float64Array;
  readonly errors: ReadonlyMap<string, number>;
  readonly processed: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly errorReplies: number;
}

export interface InfoData {
  readonly version: string;
  readonly processId: number;
  /** 40 hexadecimal digits, new with each start. */
  readonly runId: string;
  readonly operatingSystem: string;
  readonly tcpPort: number;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly uptimeSeconds: number;
  readonly loading: boolean;
  readonly clients: {
    readonly connected: number;
    readonly max: number;
    readonly blocked: number;
    readonly inputBufferBytes: number;
    readonly outputBufferBytes: number;
    readonly received: number;
    readonly refused: number;
  };
  readonly memory: {
    readonly usedBytes: number;
    readonly peakBytes: number;
    readonly residentBytes: number;
    readonly maxmemoryBytes: number;
    readonly policy: string;
    readonly systemBytes: number;
  };
  readonly persistence: {
    readonly healthy: boolean;
    /** Seconds since the Unix epoch of the last snapshot file; 0 for none. */
    readonly lastSnapshotSeconds: number;
  };
  readonly replication: {
    readonly role: 'master' | 'replica';
    /** 40 hexadecimal digits: the shard's. */
    readonly replicationId: string;
    readonly offset: number;
    /** Of a replica: its primary, when one is known. */
    readonly primary: { readonly host: string; readonly port: number; readonly up: boolean } | null;
    readonly replicas: readonly InfoReplica[];
  };
  readonly cpu: { readonly userSeconds: number; readonly systemSeconds: number };
  readonly statistics: InfoCommandStatistics;
  readonly denied: Readonly<Record<'auth' | 'command' | 'key' | 'channel', number>>;
  readonly keyspace: {
    readonly keys: number;
    readonly withExpiry: number;
    readonly expired: number;
    readonly evicted: number;
    readonly hits: number;
    readonly misses: number;
  };
  /** Names in snake case. */
  readonly holdfast: Readonly<Record<string, string | number>>;
}

type Fields = readonly (readonly [string, string | number])[];

function server(data: InfoData): Fields {
  const days = Math.floor(data.uptimeSeconds / 86_400);
  return [
    ['redis_version', REDIS_VERSION],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', '0'],
    ['redis_mode', 'cluster'],
    ['os', data.operatingSystem],
    ['arch_bits', 64],
    ['monotonic_clock', 'POSIX clock_gettime'],
    ['multiplexing_api', 'epoll'],
    ['process_id', data.processId],
    ['run_id', data.runId],
    ['tcp_port', data.tcpPort],
    ['server_time_usec', Math.floor(data.nowMs * 1000)],
    ['uptime_in_seconds', Math.floor(data.uptimeSeconds)],
    ['uptime_in_days', days],
    ['hz', 10],
    ['configured_hz', 10],
    ['lru_clock', Math.floor(data.nowMs / 1000) % 0x1_00_0000],
    ['executable', ''],
    ['config_file', ''],
    ['holdfast_version', data.version],
  ];
}

function clients({ clients: c }: InfoData): Fields {
  return [
    ['connected_clients', c.connected],
    ['cluster_connections', 0],
    ['maxclients', c.max],
    ['client_recent_max_input_buffer', c.inputBufferBytes],
    ['client_recent_max_output_buffer', c.outputBufferBytes],
    ['blocked_clients', c.blocked],
    ['tracking_clients', 0],
    ['clients_in_timeout_table', 0],
    ['total_blocking_keys', 0],
    ['total_blocking_keys_on_nokey', 0],
  ];
}

const UNITS = ['B', 'K', 'M', 'G', 'T'];

/** Redis' bytesToHuman: `1.50M`. */
export function humanBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value}B` : `${value.toFixed(2)}${UNITS[unit]}`;
}

function memory({ memory: m }: InfoData): Fields {
  const fragmentation = m.usedBytes > 0 ? m.residentBytes / m.usedBytes : 1;
  return [
    ['used_memory', m.usedBytes],
    ['used_memory_human', humanBytes(m.usedBytes)],
    ['used_memory_rss', m.residentBytes],
    ['used_memory_rss_human', humanBytes(m.residentBytes)],
    ['used_memory_peak', m.peakBytes],
    ['used_memory_peak_human', humanBytes(m.peakBytes)],
    ['total_system_memory', m.systemBytes],
    ['total_system_memory_human', humanBytes(m.systemBytes)],
    ['maxmemory', m.maxmemoryBytes],
    ['maxmemory_human', humanBytes(m.maxmemoryBytes)],
    ['maxmemory_policy', m.policy],
    ['mem_fragmentation_ratio', fragmentation.toFixed(2)],
    ['mem_allocator', 'holdfast'],
    ['lazyfree_pending_objects', 0],
  ];
}

function persistence({ loading, persistence: p }: InfoData): Fields {
  return [
    ['loading', loading ? 1 : 0],
    ['async_loading', 0],
    ['rdb_changes_since_last_save', 0],
    ['rdb_bgsave_in_progress', 0],
    ['rdb_last_save_time', p.lastSnapshotSeconds],
    ['rdb_last_bgsave_status', 'ok'],
    // the transaction log plays the part of the append-only file
    ['aof_enabled', 1],
    ['aof_rewrite_in_progress', 0],
    ['aof_last_bgrewrite_status', 'ok'],
    ['aof_last_write_status', p.healthy ? 'ok' : 'err'],
  ];
}

function stats({ clients: c, keyspace: k, statistics: s, denied }: InfoData): Fields {
  return [
    ['total_connections_received', c.received],
    ['total_commands_processed', s.processed],
    ['total_net_input_bytes', s.inputBytes],
    ['total_net_output_bytes', s.outputBytes],
    ['rejected_connections', c.refused],
    ['expired_keys', k.expired],
    ['evicted_keys', k.evicted],
    ['keyspace_hits', k.hits],
    ['keyspace_misses', k.misses],
    ['pubsub_channels', 0],
    ['pubsub_patterns', 0],
    ['pubsubshard_channels', 0],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['total_error_replies', s.errorReplies],
    ['acl_access_denied_auth', denied.auth],
    ['acl_access_denied_cmd', denied.command],
    ['acl_access_denied_key', denied.key],
    ['acl_access_denied_channel', denied.channel],
  ];
}

function replication({ replication: r }: InfoData): Fields {
  const fields: [string, string | number][] = [['role', r.role === 'master' ? 'master' : 'slave']];
  if (r.role === 'replica') {
    fields.push(['master_host', r.primary?.host ?? '']);
    fields.push(['master_port', r.primary?.port ?? 0]);
    fields.push(['master_link_status', r.primary?.up === true ? 'up' : 'down']);
    fields.push(['master_sync_in_progress', 0]);
    fields.push(['slave_repl_offset', r.offset]);
    fields.push(['slave_priority', 100]);
    fields.push(['slave_read_only', 1]);
  }
  fields.push(['connected_slaves', r.replicas.length]);
  for (const [at, replica] of r.replicas.entries()) {
    const state = replica.online ? 'online' : 'wait_bgsave';
    const text = `ip=${replica.host},port=${replica.port},state=${state},offset=${replica.offset},lag=${Math.floor(replica.lagSeconds)}`;
    fields.push([`slave${at}`, text]);
  }
  fields.push(['master_failover_state', 'no-failover']);
  fields.push(['master_replid', r.replicationId]);
  fields.push(['master_replid2', '0'.repeat(40)]);
  fields.push(['master_repl_offset', r.offset]);
  fields.push(['second_repl_offset', -1]);
  return fields;
}

function cpu({ cpu: { userSeconds, systemSeconds } }: InfoData): Fields {
  return [
    ['used_cpu_sys', systemSeconds.toFixed(6)],
    ['used_cpu_user', userSeconds.toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ];
}

function commandStatistics({ statistics: s }: InfoData, commands: CommandIndex): Fields {
  const fields: [string, string][] = [];
  for (let id = 0; id < commands.size; id++) {
    const calls = s.calls[id];
    if (calls === 0 && s.rejected[id] === 0) continue;
    const usec = Math.round(s.microseconds[id]);
    const each = calls === 0 ? 0 : usec / calls;
    fields.push([
      `cmdstat_${commands.byId(id).fullName}`,
      `calls=${calls},usec=${usec},usec_per_call=${each.toFixed(2)},rejected_calls=${s.rejected[id]},failed_calls=${s.failed[id]}`,
    ]);
  }
  return fields;
}

function errorStatistics({ statistics: s }: InfoData): Fields {
  return [...s.errors].map(([code, count]) => [`errorstat_${code}`, `count=${count}`] as const);
}

function keyspace({ keyspace: k }: InfoData): Fields {
  if (k.keys === 0) return [];
  return [['db0', `keys=${k.keys},expires=${k.withExpiry},avg_ttl=0`]];
}

interface Section {
  readonly title: string;
  /** Shown by INFO without arguments. */
  readonly byDefault: boolean;
  readonly fields: (data: InfoData, commands: CommandIndex) => Fields;
}

/** In the order of INFO; the key is what a client asks by. */
const SECTIONS: Readonly<Record<string, Section>> = {
  server: { title: 'Server', byDefault: true, fields: server },
  clients: { title: 'Clients', byDefault: true, fields: clients },
  memory: { title: 'Memory', byDefault: true, fields: memory },
  persistence: { title: 'Persistence', byDefault: true, fields: persistence },
  stats: { title: 'Stats', byDefault: true, fields: stats },
  replication: { title: 'Replication', byDefault: true, fields: replication },
  cpu: { title: 'CPU', byDefault: true, fields: cpu },
  modules: { title: 'Modules', byDefault: true, fields: () => [] },
  commandstats: { title: 'Commandstats', byDefault: false, fields: commandStatistics },
  errorstats: { title: 'Errorstats', byDefault: true, fields: errorStatistics },
  cluster: { title: 'Cluster', byDefault: true, fields: () => [['cluster_enabled', 1]] },
  keyspace: { title: 'Keyspace', byDefault: true, fields: keyspace },
  holdfast: { title: 'Holdfast', byDefault: true, fields: (data) => Object.entries(data.holdfast) },
};

/**
 * The text of `sections`: names, `default` (also when there are none), `all` or `everything`; what is not
 * known is left out. Lines end in CRLF, an empty line stands between sections.
 */
export function renderInfo(
  data: InfoData,
  commands: CommandIndex,
  sections: readonly string[],
): string {
  const wanted = new Set(sections.map((section) => section.toLowerCase()));
  const all = wanted.has('all') || wanted.has('everything');
  const byDefault = wanted.size === 0 || wanted.has('default');
  const parts: string[] = [];
  for (const [name, section] of Object.entries(SECTIONS)) {
    if (!all && !(byDefault && section.byDefault) && !wanted.has(name)) continue;
    let part = `# ${section.title}\r\n`;
    for (const [key, value] of section.fields(data, commands)) part += `${key}:${value}\r\n`;
    parts.push(part);
  }
  return parts.join('\r\n');
}

function run({ args, reply, node }: CommandContext): void {
  const sections: string[] = [];
  for (let at = 1; at < args.count; at++) sections.push(args.text(at));
  reply.verbatim('txt', node.info(sections));
}

export const info: CommandSpec = {
  name: 'info',
  arity: -1,
  group: 'server',
  since: '1.0.0',
  summary: 'Returns information and statistics about the server.',
  complexity: 'O(1)',
  flags: ['loading', 'stale'],
  categories: ['dangerous'],
  keys: [],
  scope: 'none',
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  arguments: [{ name: 'section', type: 'string', flags: ['optional', 'multiple'] }],
  run,
};
