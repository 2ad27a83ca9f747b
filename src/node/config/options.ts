/**
 * Every option of a node, declared once. The type {@link Options}, argument parsing and `--help`
 * (`arguments.ts`), parameters (`parameters.ts`) and docs/OPTIONS.md (`generate.ts`) follow from this
 * table. A new option is one row here and the code that reads it.
 *
 * Rows of scope `cluster` carry MemoryDB's parameter names and defaults where MemoryDB has them.
 */
import { LIMITS } from './limits.ts';
import { bytesOption, choiceOption, numberOption, textOption } from './option.ts';
import type { OptionRow } from './option.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME_RULE = 'lower-case letters, digits and hyphens, at most 63';

export const EVICTION_POLICIES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const;

/** Who this member is. */
const IDENTITY = {
  member: textOption({
    pattern: NAME,
    rule: NAME_RULE,
    why: 'Name of this member, stable over restarts: the name of its pod without the ordinal.',
  }),
  shard: textOption({
    pattern: /^[a-z0-9]{1,16}$/,
    rule: '1 to 16 lower-case letters and digits',
    why: 'Shard that this member belongs to, such as 0001.',
  }),
  cluster: textOption({
    pattern: NAME,
    rule: NAME_RULE,
    why: 'Name of the cluster; the label memorycluster of metrics.',
  }),
  namespace: textOption({
    default: 'default',
    pattern: NAME,
    rule: NAME_RULE,
    why: 'Kubernetes namespace of the cluster, for logs and metrics.',
  }),
  kind: choiceOption({
    of: ['data', 'log'],
    default: 'data',
    why: 'A data member holds keyspace and log and may be primary; a log member only holds the log and votes.',
  }),
  zone: textOption({
    default: '',
    why: 'Availability zone that this member runs in; shown in status.',
  }),
  dataDir: textOption({
    pattern: /./,
    rule: 'a path',
    why: 'Directory of identity, transaction log and snapshots; one process at a time.',
  }),
} as const;

/** Where this member listens, and how it proves who it is. */
const LISTENERS = {
  clientHost: textOption({ default: '0.0.0.0', why: 'Address that the client port listens on.' }),
  clientPort: port(6379, 'Port for Redis clients.'),
  peerHost: textOption({
    default: '0.0.0.0',
    why: 'Address that the peer port and the pulse port listen on.',
  }),
  peerPort: port(16379, 'Port for other members (mTLS).'),
  pulsePort: port(
    16380,
    'Port for heartbeats of other members, which a thread answers while the member is busy (mTLS).',
  ),
  metricsHost: textOption({
    default: '0.0.0.0',
    why: 'Address that probes and metrics listen on.',
  }),
  metricsPort: port(9121, 'Plain port of /livez, /readyz and /metrics.'),
  adminHost: textOption({ default: '0.0.0.0', why: 'Address that the admin API listens on.' }),
  adminPort: port(9443, 'Port of the admin API (mTLS).'),
  advertiseHost: textOption({
    default: '',
    why: 'Name or address by which clients and members reach this member; empty: the address it listens on.',
  }),
  clientTlsDir: textOption({
    default: '',
    why: 'Directory with tls.crt, tls.key and ca.crt for the client port; empty: plaintext.',
  }),
  clientAuth: choiceOption({
    of: ['none', 'optional', 'required'],
    default: 'none',
    why: 'Whether clients must show a certificate that ca.crt has signed.',
  }),
  peerTlsDir: textOption({
    default: '',
    why: 'Directory with tls.crt, tls.key and ca.crt for peer links, the pulse and the admin API; empty: plaintext, for tests only.',
  }),
  tlsReloadMs: numberOption({
    unit: 'ms',
    default: 5000,
    min: 100,
    max: 3_600_000,
    why: 'How often certificate files are read again; a changed one serves new connections without a restart.',
  }),
} as const;

/** What the engine promises and how much it holds. */
const ENGINE = {
  engine: choiceOption({
    of: ['redis', 'valkey'],
    default: 'redis',
    why: 'The name that INFO and HELLO report.',
  }),
  engineVersion: choiceOption({
    of: ['6.2', '7.0', '7.1', '7.2', '7.3'],
    default: '7.2',
    why: 'Command level that INFO and HELLO report.',
  }),
  maxmemory: bytesOption({
    default: 0,
    min: MIB,
    max: 1024 * GIB,
    zeroMeans: 'no limit',
    why: 'Bytes of keys and values before writes are refused or keys evicted; set by the operator from the memory limit.',
  }),
  durability: choiceOption({
    of: ['sync', 'async'],
    default: 'sync',
    why: 'sync: a reply to a write waits until a majority has it on disk; async: it waits for the command and the lease alone, so that the last async-loss-bound-ms of acknowledged writes may be lost.',
  }),
  asyncLossBoundMs: numberOption({
    unit: 'ms',
    default: 1000,
    min: 10,
    max: 10_000,
    why: 'With durability async: writes are refused once the oldest uncommitted one is older than this.',
  }),
  encryptionKeyFile: textOption({
    default: '',
    why: 'File with the keys that encrypt transaction log and snapshots on disk (AES-256-GCM), a line `<keyId> <64 hexadecimal digits>` each: the first for new files, also when it has come since the start, the others for reading; empty: plaintext.',
  }),
  enableTestCommands: choiceOption({
    of: ['no', 'yes'],
    default: 'no',
    why: 'yes admits CONFIG and DEBUG, for test suites written for Redis; the operator never sets it.',
  }),
  logLevel: choiceOption({
    of: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    why: 'Least severe log line that is written.',
  }),
} as const;

/** Times of elections, leases, disks and shutdown. */
const TIMING = {
  electionTimeoutMs: numberOption({
    unit: 'ms',
    default: 400,
    min: 50,
    max: 60_000,
    why: 'Shortest silence of the primary after which another member stands (drawn from [t, 1.5t)): failover in about 1.3 t. Longer than any stall of a loaded machine, or primaries change for nothing.',
  }),
  heartbeatMs: numberOption({
    unit: 'ms',
    default: 50,
    min: 5,
    max: 10_000,
    why: 'How often a primary says that it is alive; at most a quarter of electionTimeoutMs, so that lost ones do not matter.',
  }),
  leasePercent: numberOption({
    unit: 'percent',
    default: 80,
    min: 10,
    max: 90,
    why: 'Part of electionTimeoutMs that a lease lasts from the sending of the round that a majority acknowledged; the rest is for clocks that run at different rates.',
  }),
  standDelayMs: numberOption({
    unit: 'ms',
    default: 200,
    min: 0,
    max: 60_000,
    why: 'How much later a log member stands, so that a data member wins where one can.',
  }),
  maxStallMs: numberOption({
    unit: 'ms',
    default: 5000,
    min: 100,
    max: 600_000,
    why: 'Longest silence of the command thread for which the pulse thread sends heartbeats in its name; a member that is busy for longer loses its shard.',
  }),
  clockJumpMs: numberOption({
    unit: 'ms',
    default: 250,
    min: 10,
    max: 60_000,
    why: 'Difference between wall and monotonic clock that counts as a jump and drops the lease until a quorum round; no more than a quarter of what a lease is shorter than electionTimeoutMs counts, whatever is said here.',
  }),
  diskStallMs: numberOption({
    unit: 'ms',
    default: 1000,
    min: 50,
    max: 600_000,
    why: 'Age of the oldest unsynced write at which a primary hands over, and a member no longer stands.',
  }),
  replicaMaxStalenessMs: numberOption({
    unit: 'ms',
    default: 5000,
    min: 100,
    max: 3_600_000,
    why: 'A replica that has not heard from its primary for this long answers CLUSTERDOWN instead of old data.',
  }),
  gossipMs: numberOption({
    unit: 'ms',
    default: 1000,
    min: 50,
    max: 60_000,
    why: 'How often the slot map is compared with a few random members.',
  }),
  peerSilenceMs: numberOption({
    unit: 'ms',
    default: 6000,
    min: 200,
    max: 600_000,
    why: 'A peer link on which nothing arrived for this long is dialled again; above maxStallMs, or who is only busy is taken for gone.',
  }),
  livenessSilenceMs: numberOption({
    unit: 'ms',
    default: 30_000,
    min: 1000,
    max: 3_600_000,
    why: 'Silence of the command thread at which /livez fails and the kubelet restarts the container.',
  }),
  handOverTimeoutMs: numberOption({
    unit: 'ms',
    default: 15_000,
    min: 0,
    max: 600_000,
    why: 'How long a primary that is asked to stop waits for a caught-up member before it steps down.',
  }),
  farewellMs: numberOption({
    unit: 'ms',
    default: 3000,
    min: 0,
    max: 600_000,
    why: 'How long a stopping member still answers MOVED, so that clients find the new primary without an error.',
  }),
} as const;

/** MemoryDB's parameters: `spec.parameters`, the same on every member, changed while running. */
const PARAMETERS = {
  maxmemoryPolicy: choiceOption({
    of: EVICTION_POLICIES,
    default: 'noeviction',
    scope: 'cluster',
    change: 'live',
    inactive: true,
    why: 'Which keys go when maxmemory is reached.',
  }),
  maxmemorySamples: parameter('count', 3, 1, 64, 'Keys compared for one eviction.', true),
  idleTimeoutSeconds: numberOption({
    name: 'timeout',
    unit: 's',
    default: 0,
    min: 20,
    max: 1_000_000_000,
    zeroMeans: 'never',
    scope: 'cluster',
    change: 'live',
    why: 'Idle time after which a client is closed.',
  }),
  tcpKeepaliveSeconds: numberOption({
    name: 'tcp-keepalive',
    unit: 's',
    default: 300,
    min: 1,
    max: 1_000_000,
    zeroMeans: 'off',
    scope: 'cluster',
    change: 'restart',
    why: 'Silence after which the kernel asks whether a client is still there.',
  }),
  notifyKeyspaceEvents: textOption({
    default: '',
    pattern: /^[KEg$lszhxetdmnA]*$/,
    rule: "letters of K E g $ l s z h x e t d m n A, as in Redis' keyspace notifications",
    scope: 'cluster',
    change: 'live',
    inactive: true,
    why: 'Which keyspace events are published.',
  }),
  slowlogLogSlowerThan: parameter(
    'µs',
    10_000,
    -1,
    1_000_000_000,
    'Commands that ran longer are in SLOWLOG; -1: none.',
  ),
  slowlogMaxLen: parameter('count', 128, 0, 100_000, 'Entries that SLOWLOG keeps.'),
  acllogMaxLen: parameter('count', 128, 1, 10_000, 'Entries that ACL LOG keeps.'),
  activeExpireEffort: parameter('count', 1, 1, 10, 'Effort put into deleting expired keys.', true),
  protoMaxBulkLen: bytesOption({
    default: 512 * MIB,
    min: MIB,
    max: 2 * GIB - MIB,
    scope: 'cluster',
    change: 'live',
    why: 'Largest single argument or value.',
  }),
  clientQueryBufferLimit: bytesOption({
    default: GIB,
    min: MIB,
    max: 2 * GIB - MIB,
    scope: 'cluster',
    change: 'live',
    why: 'Bytes of one unfinished command before its client is closed.',
  }),
  hashMaxListpackEntries: parameter(
    'count',
    512,
    0,
    1_000_000,
    'Largest hash that OBJECT ENCODING calls listpack.',
  ),
  hashMaxListpackValue: parameter(
    'count',
    64,
    0,
    1_000_000,
    'Longest field or value in such a hash.',
  ),
  zsetMaxListpackEntries: parameter(
    'count',
    128,
    0,
    1_000_000,
    'Largest sorted set that OBJECT ENCODING calls listpack.',
  ),
  zsetMaxListpackValue: parameter(
    'count',
    64,
    0,
    1_000_000,
    'Longest member of such a sorted set.',
  ),
  setMaxIntsetEntries: parameter(
    'count',
    512,
    0,
    1_000_000,
    'Largest set of integers that OBJECT ENCODING calls intset.',
  ),
  trackingTableMaxKeys: parameter(
    'count',
    1_000_000,
    1,
    100_000_000,
    'Keys remembered for client-side caching.',
    true,
  ),
} as const;

/** Every option by its key in {@link Options}. */
export const OPTIONS = {
  ...IDENTITY,
  ...LISTENERS,
  ...ENGINE,
  ...TIMING,
  ...LIMITS,
  ...PARAMETERS,
} as const;

/** The same rows under the headings of the documentation. */
export const OPTION_GROUPS = [
  { title: 'Identity', rows: IDENTITY },
  { title: 'Listeners', rows: LISTENERS },
  { title: 'Engine', rows: ENGINE },
  { title: 'Timing', rows: TIMING },
  { title: 'Limits', rows: LIMITS },
  { title: 'Parameters', rows: PARAMETERS },
] as const;

export type OptionKey = keyof typeof OPTIONS;

/** The values of all options; every one is within its bounds. */
export type Options = {
  readonly [Key in OptionKey]: (typeof OPTIONS)[Key] extends OptionRow<infer T> ? T : never;
};

export const OPTION_KEYS = Object.keys(OPTIONS) as OptionKey[];

/** The row of `key`, for code that treats all rows alike. */
export function optionRow(key: OptionKey): OptionRow<unknown> {
  return OPTIONS[key] as OptionRow<unknown>;
}

function port(number: number, why: string): OptionRow<number> {
  return numberOption({
    unit: 'port',
    default: number,
    min: 1,
    max: 65_535,
    zeroMeans: 'any free port',
    why,
  });
}

function parameter(
  unit: 'count' | 'µs',
  value: number,
  min: number,
  max: number,
  why: string,
  inactive = false,
): OptionRow<number> {
  return numberOption({
    unit,
    default: value,
    min,
    max,
    scope: 'cluster',
    change: 'live',
    why,
    ...(inactive ? { inactive: true as const } : {}),
  });
}
