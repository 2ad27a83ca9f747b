/**
 * What CONFIG GET shows and CONFIG SET sets, for tests: Redis' parameters with its defaults, under its old and
 * new names. Most are only kept, so that suites written for Redis can set them; those that say how OBJECT
 * ENCODING answers go to `Keyspace.limits`, and a few to the member (see the test port). Names that are not in
 * the table are kept as they come.
 */
import type { EncodingLimits } from '#node/keyspace/encodings.ts';

type Kind = 'text' | 'bytes' | 'switch' | 'number' | readonly string[];

const POLICIES = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
];

const DEFAULTS: Readonly<Record<string, readonly [Kind, string]>> = {
  activedefrag: ['switch', 'no'],
  activerehashing: ['switch', 'yes'],
  'active-expire-effort': ['number', '1'],
  appendfsync: [['everysec', 'always', 'no'], 'always'],
  appendonly: ['switch', 'yes'],
  'auto-aof-rewrite-percentage': ['number', '100'],
  bind: ['text', '* -::*'],
  'busy-reply-threshold': ['number', '5000'],
  'client-output-buffer-limit': [
    'text',
    'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  ],
  'client-query-buffer-limit': ['bytes', '1073741824'],
  'cluster-allow-pubsubshard-when-down': ['switch', 'yes'],
  'cluster-allow-reads-when-down': ['switch', 'no'],
  'cluster-enabled': ['switch', 'yes'],
  'cluster-node-timeout': ['number', '15000'],
  'cluster-require-full-coverage': ['switch', 'yes'],
  databases: ['number', '1'],
  dbfilename: ['text', 'dump.rdb'],
  dir: ['text', '/'],
  'hash-max-listpack-entries': ['number', '512'],
  'hash-max-listpack-value': ['bytes', '64'],
  'hll-sparse-max-bytes': ['bytes', '3000'],
  hz: ['number', '10'],
  'io-threads': ['number', '1'],
  'latency-monitor-threshold': ['number', '0'],
  'latency-tracking': ['switch', 'yes'],
  'latency-tracking-info-percentiles': ['text', '50 99 99.9'],
  'lazyfree-lazy-eviction': ['switch', 'no'],
  'lazyfree-lazy-expire': ['switch', 'no'],
  'lazyfree-lazy-server-del': ['switch', 'no'],
  'lazyfree-lazy-user-del': ['switch', 'no'],
  'lazyfree-lazy-user-flush': ['switch', 'no'],
  'lfu-decay-time': ['number', '1'],
  'lfu-log-factor': ['number', '10'],
  'list-compress-depth': ['number', '0'],
  'list-max-listpack-size': ['number', '-2'],
  loglevel: [['debug', 'verbose', 'notice', 'warning', 'nothing'], 'notice'],
  maxclients: ['number', '10000'],
  maxmemory: ['bytes', '0'],
  'maxmemory-clients': ['text', '0'],
  'maxmemory-eviction-tenacity': ['number', '10'],
  'maxmemory-policy': [POLICIES, 'noeviction'],
  'maxmemory-samples': ['number', '5'],
  'min-replicas-max-lag': ['number', '10'],
  'min-replicas-to-write': ['number', '0'],
  'notify-keyspace-events': ['text', ''],
  port: ['number', '6379'],
  'proto-max-bulk-len': ['bytes', '536870912'],
  rdbcompression: ['switch', 'yes'],
  'rdb-key-save-delay': ['number', '0'],
  'repl-timeout': ['number', '60'],
  'replica-read-only': ['switch', 'yes'],
  'replica-serve-stale-data': ['switch', 'yes'],
  requirepass: ['text', ''],
  'sanitize-dump-payload': [['no', 'yes', 'clients'], 'no'],
  save: ['text', ''],
  'set-max-intset-entries': ['number', '512'],
  'set-max-listpack-entries': ['number', '128'],
  'set-max-listpack-value': ['number', '64'],
  'slowlog-log-slower-than': ['number', '10000'],
  'slowlog-max-len': ['number', '128'],
  'stop-writes-on-bgsave-error': ['switch', 'yes'],
  'stream-node-max-bytes': ['bytes', '4096'],
  'stream-node-max-entries': ['number', '100'],
  'tcp-keepalive': ['number', '300'],
  timeout: ['number', '0'],
  'tracking-table-max-keys': ['number', '1000000'],
  'zset-max-listpack-entries': ['number', '128'],
  'zset-max-listpack-value': ['bytes', '64'],
};

/** Other names, with what they are called in the table. */
const ALIASES: Readonly<Record<string, string>> = {
  'hash-max-ziplist-entries': 'hash-max-listpack-entries',
  'hash-max-ziplist-value': 'hash-max-listpack-value',
  'list-max-ziplist-size': 'list-max-listpack-size',
  'lua-time-limit': 'busy-reply-threshold',
  'min-slaves-max-lag': 'min-replicas-max-lag',
  'min-slaves-to-write': 'min-replicas-to-write',
  'slave-read-only': 'replica-read-only',
  'slave-serve-stale-data': 'replica-serve-stale-data',
  'zset-max-ziplist-entries': 'zset-max-listpack-entries',
  'zset-max-ziplist-value': 'zset-max-listpack-value',
};

const LIMITS = {
  'hash-max-listpack-entries': 'hashMaxListpackEntries',
  'hash-max-listpack-value': 'hashMaxListpackValue',
  'list-max-listpack-size': 'listMaxListpackSize',
  'set-max-intset-entries': 'setMaxIntsetEntries',
  'set-max-listpack-entries': 'setMaxListpackEntries',
  'set-max-listpack-value': 'setMaxListpackValue',
  'zset-max-listpack-entries': 'zsetMaxListpackEntries',
  'zset-max-listpack-value': 'zsetMaxListpackValue',
} as const satisfies Record<string, keyof EncodingLimits>;

/** These may be below 0. */
const SIGNED = new Set([
  'list-max-listpack-size',
  'slowlog-log-slower-than',
  'list-compress-depth',
]);

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
};

export class TestSettings {
  /** `proto-max-bulk-len`. */
  longestStringBytes: number;
  readonly #limits: EncodingLimits;
  readonly #values = new Map<string, string>();

  /** @param limits changed with the settings of the same names. */
  constructor(limits: EncodingLimits) {
    this.#limits = limits;
    for (const [name, [, value]] of Object.entries(DEFAULTS)) this.#values.set(name, value);
    this.longestStringBytes = this.number('proto-max-bulk-len');
  }

  /** All names, the other ones included. */
  names(): readonly string[] {
    return [...this.#values.keys(), ...Object.keys(ALIASES)];
  }

  /** The name that the table has for `name`, in any case. */
  canonical(name: string): string {
    const lower = name.toLowerCase();
    return Object.hasOwn(ALIASES, lower) ? ALIASES[lower] : lower;
  }

  /** '' when there is no such setting. */
  get(name: string): string {
    return this.#values.get(this.canonical(name)) ?? '';
  }

  /** The value of a setting that counts something, bytes among it. */
  number(name: string): number {
    return Number(this.get(name));
  }

  /** Redis' words for the rule that `value` breaks; null when it may be set. */
  ruleBroken(name: string, value: string): string | null {
    const canonical = this.canonical(name);
    if (!Object.hasOwn(DEFAULTS, canonical)) return null;
    const [kind] = DEFAULTS[canonical];
    switch (kind) {
      case 'text':
        return null;
      case 'bytes':
        return Number.isNaN(bytesOf(value)) ? 'argument must be a memory value' : null;
      case 'switch':
        return /^(yes|no)$/i.test(value) ? null : "argument must be 'yes' or 'no'";
      case 'number':
        return numberRule(canonical, value);
      default:
        if (kind.includes(value.toLowerCase())) return null;
        return `argument(s) must be one of the following: ${kind.join(', ')}`;
    }
  }

  /** Sets what {@link ruleBroken} has allowed. */
  set(name: string, value: string): void {
    const canonical = this.canonical(name);
    const kind = Object.hasOwn(DEFAULTS, canonical) ? DEFAULTS[canonical][0] : 'text';
    let kept = value;
    if (kind === 'bytes') kept = String(bytesOf(value));
    else if (kind !== 'text') kept = value.toLowerCase();
    this.#values.set(canonical, kept);
    this.longestStringBytes = this.number('proto-max-bulk-len');
    if (isLimit(canonical)) this.#limits[LIMITS[canonical]] = Number(kept);
  }
}

function isLimit(name: string): name is keyof typeof LIMITS {
  return Object.hasOwn(LIMITS, name);
}

function numberRule(name: string, value: string): string | null {
  if (!/^-?\d{1,19}$/.test(value)) return "argument couldn't be parsed into an integer";
  if (!value.startsWith('-') || SIGNED.has(name)) return null;
  return 'argument must be between 0 and 9223372036854775807 inclusive';
}

/** NaN when the text is no amount of memory. */
function bytesOf(text: string): number {
  const match = /^(\d{1,15})([a-z]{0,2})$/.exec(text.toLowerCase());
  if (match === null || !Object.hasOwn(UNIT_BYTES, match[2])) return Number.NaN;
  return Number(match[1]) * UNIT_BYTES[match[2]];
}
