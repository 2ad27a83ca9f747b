/**
 * Every metric of a node, declared once. The type {@link MetricsSample}, the Prometheus registry
 * (`registry.ts`) and docs/METRICS.md follow from this table; a new metric is one row here and the
 * figure in whoever provides the sample.
 *
 * The hot path keeps plain numbers; nothing here runs except at a scrape.
 */

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'info';

export interface MetricRow {
  readonly type: MetricType;
  /** At most one, except for `info`. */
  readonly label?: string;
  readonly help: string;
}

/** Counts of a histogram, kept by whoever measures; see {@link Histogram} in `histogram.ts`. */
export interface HistogramCounts {
  /**
   * Upper bounds in seconds, ascending; one count more than bounds (the last: above all of them). Without
   * bounds only sum and count say something.
   */
  readonly boundsSeconds: readonly number[];
  /** Observations in each bucket alone, not cumulative. */
  readonly counts: ArrayLike<number>;
  readonly sumSeconds: number;
}

/** Keys are the metric's name in camelCase; on the wire `holdfast_` and snake_case. */
export const METRICS = {
  info: { type: 'info', help: 'Version, engine and kind of this member as labels; always 1.' },
  role: {
    type: 'gauge',
    label: 'role',
    help: '1 for the role that this member has (primary, replica, log, unformed), 0 for the others.',
  },
  commandsTotal: { type: 'counter', label: 'command', help: 'Commands run.' },
  commandErrorsTotal: {
    type: 'counter',
    label: 'command',
    help: 'Commands that were answered with an error.',
  },
  commandDurationSeconds: {
    type: 'histogram',
    label: 'command',
    help: 'Time that a command took on the command thread, without the wait for its entry; from every sixteenth run.',
  },
  connections: { type: 'gauge', help: 'Client connections open.' },
  connectionsTotal: { type: 'counter', help: 'Client connections accepted.' },
  rejectedConnectionsTotal: {
    type: 'counter',
    help: 'Client connections refused because maxConnections was reached.',
  },
  netInputBytesTotal: { type: 'counter', help: 'Bytes read from clients.' },
  netOutputBytesTotal: { type: 'counter', help: 'Bytes written to clients.' },
  netStaticRead: {
    type: 'gauge',
    help: '1 when plaintext clients are read into one shared buffer, 0 when by the public path.',
  },
  databaseMemoryUsagePercentage: {
    type: 'gauge',
    help: 'memory_used_bytes as a percentage of maxmemory_bytes; 0 without a limit.',
  },
  memoryUsedBytes: { type: 'gauge', help: 'Memory of keys, values and their index.' },
  maxmemoryBytes: { type: 'gauge', help: 'Limit of memory_used_bytes; 0: none.' },
  keys: { type: 'gauge', help: 'Keys in the keyspace.' },
  expiredKeysTotal: { type: 'counter', help: 'Keys deleted because their time was over.' },
  keyspaceHitsTotal: { type: 'counter', help: 'Lookups of keys by reads that found them.' },
  keyspaceMissesTotal: { type: 'counter', help: 'Lookups of keys by reads that did not.' },
  logAppendBytesTotal: { type: 'counter', help: 'Bytes written to the transaction log.' },
  logAppendEntriesTotal: { type: 'counter', help: 'Entries written to the transaction log.' },
  logSyncDurationSeconds: {
    type: 'histogram',
    help: 'Time to make a batch durable on this disk.',
  },
  logDiskFreeBytes: { type: 'gauge', help: 'Bytes free on the volume of the transaction log.' },
  raftTerm: { type: 'gauge', help: 'Term of the shard as this member knows it.' },
  raftCommitIndex: { type: 'gauge', help: 'Last index known to be committed.' },
  raftAppliedIndex: { type: 'gauge', help: 'Last index applied to the keyspace.' },
  raftLastIndex: { type: 'gauge', help: 'Last index in the log.' },
  leaseValid: { type: 'gauge', help: '1 while this member may answer as primary.' },
  replicationLagEntries: {
    type: 'gauge',
    label: 'member',
    help: "Entries that a member's log is behind; on the primary only.",
  },
  withheldReplies: { type: 'gauge', help: 'Replies that wait for their entry to be committed.' },
  leaderChangesTotal: { type: 'counter', help: 'Changes of the known leader since start.' },
  peerLinkUp: { type: 'gauge', label: 'member', help: '1 while the link to a member is up.' },
  pulseLinkUp: {
    type: 'gauge',
    label: 'member',
    help: '1 while the pulse of a member is connected; without it a member that is busy for longer than an election timeout may lose its shard.',
  },
  peerDroppedFramesTotal: {
    type: 'counter',
    help: 'Messages to members dropped because their link was down or its queue full.',
  },
  eventLoopLagSeconds: {
    type: 'gauge',
    help: 'Longest delay of a timer on the command thread since the last scrape.',
  },
  tlsNotAfterTimestampSeconds: {
    type: 'gauge',
    label: 'listener',
    help: 'When the certificate in use ends (Unix time).',
  },
} as const satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof METRICS;

type SampleOf<Row extends MetricRow> = Row['type'] extends 'info'
  ? Readonly<Record<string, string>>
  : Row['type'] extends 'histogram'
    ? Row extends { readonly label: string }
      ? Readonly<Record<string, HistogramCounts>>
      : HistogramCounts
    : Row extends { readonly label: string }
      ? Readonly<Record<string, number>>
      : number;

/** The figures of one scrape: a number, or one for each value of the metric's label. */
export type MetricsSample = { readonly [Key in MetricKey]: SampleOf<(typeof METRICS)[Key]> };

/** Gives the figures when Prometheus asks; `main.ts` joins those of shard, log and net. */
export interface MetricsSource {
  sample(): MetricsSample;
}
