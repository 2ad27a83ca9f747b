/**
 * The operator's metrics: one table, from which the registry is made and the documentation rendered. All
 * names begin with `holdfast_operator_`; labels have few values.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ApplyObserver } from './apply.ts';
import type { ReflectorObserver } from './reflector.ts';
import type { WorkQueueObserver } from './workqueue.ts';

export interface MetricInfo {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** The unit of the value; part of the name where Prometheus wants it there. */
  readonly unit: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

/** Every metric by its name without the prefix. */
export const METRICS = {
  reconcile_total: {
    type: 'counter',
    help: 'Looks at an object of ours, by how they ended (success, error).',
    unit: 'reconciles',
    labels: ['kind', 'result'],
  },
  reconcile_duration_seconds: {
    type: 'histogram',
    help: 'How long one look at an object took.',
    unit: 'seconds',
    labels: ['kind'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  },
  workqueue_depth: {
    type: 'gauge',
    help: 'Objects that wait to be looked at.',
    unit: 'objects',
    labels: ['kind'],
  },
  workqueue_retries_total: {
    type: 'counter',
    help: 'Looks that failed and will be repeated.',
    unit: 'retries',
    labels: ['kind'],
  },
  watch_restarts_total: {
    type: 'counter',
    help: 'Watches on the API server that broke and were begun again, by why.',
    unit: 'restarts',
    labels: ['kind', 'code'],
  },
  relists_total: {
    type: 'counter',
    help: 'Lists of all objects of a kind.',
    unit: 'lists',
    labels: ['kind'],
  },
  cache_missed_total: {
    type: 'counter',
    help: 'Changes that a list found and no watch had told.',
    unit: 'changes',
    labels: ['kind'],
  },
  api_requests_total: {
    type: 'counter',
    help: 'Requests to the API server, by HTTP status.',
    unit: 'requests',
    labels: ['method', 'status'],
  },
  apply_total: {
    type: 'counter',
    help: 'Owned objects compared with what they shall be, by what came of it (created, changed, unchanged).',
    unit: 'objects',
    labels: ['kind', 'outcome'],
  },
  is_leader: {
    type: 'gauge',
    help: '1 when this replica of the operator acts, 0 when it stands by.',
    unit: '',
    labels: [],
  },
  memorycluster_ready: {
    type: 'gauge',
    help: '1 when all slots of the cluster are served.',
    unit: '',
    labels: ['namespace', 'memorycluster'],
  },
  memorycluster_stalled: {
    type: 'gauge',
    help: '1 when the operator cannot go on with the cluster without help.',
    unit: '',
    labels: ['namespace', 'memorycluster'],
  },
  memorycluster_shards: {
    type: 'gauge',
    help: 'Shards of the cluster, by whether they serve (ready: true, false).',
    unit: 'shards',
    labels: ['namespace', 'memorycluster', 'ready'],
  },
  member_requests_failed_total: {
    type: 'counter',
    help: 'Calls of members that failed, by why.',
    unit: 'calls',
    labels: ['code'],
  },
} as const satisfies Readonly<Record<string, MetricInfo>>;

export type MetricName = keyof typeof METRICS;

export const METRIC_PREFIX = 'holdfast_operator_';

/** The registry behind /metrics, and the observers that feed it. */
export class Metrics implements ReflectorObserver, WorkQueueObserver, ApplyObserver {
  readonly registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(options: { readonly processMetrics?: boolean } = {}) {
    const registers = [this.registry];
    for (const [key, info] of Object.entries(METRICS) as [MetricName, MetricInfo][]) {
      const common = {
        name: `${METRIC_PREFIX}${key}`,
        help: info.help,
        labelNames: [...info.labels],
        registers,
      };
      if (info.type === 'counter') this.#counters.set(key, new Counter(common));
      else if (info.type === 'gauge') this.#gauges.set(key, new Gauge(common));
      else {
        const buckets = [...(info.buckets ?? [])];
        this.#histograms.set(key, new Histogram({ ...common, buckets }));
      }
    }
    this.set('is_leader', {}, 0);
    if (options.processMetrics === true) collectDefaultMetrics({ register: this.registry });
  }

  count(name: MetricName, labels: Readonly<Record<string, string>>, by = 1): void {
    this.#counters.get(name)?.inc(labels, by);
  }

  set(name: MetricName, labels: Readonly<Record<string, string>>, value: number): void {
    this.#gauges.get(name)?.set(labels, value);
  }

  /** Forgets a series, so that a deleted object leaves no value behind. */
  drop(name: MetricName, labels: Readonly<Record<string, string>>): void {
    this.#gauges.get(name)?.remove(labels);
  }

  watchRestarted(kind: string, code: string): void {
    this.count('watch_restarts_total', { kind, code });
  }

  relisted(kind: string): void {
    this.count('relists_total', { kind });
  }

  cacheMissed(kind: string, count: number): void {
    this.count('cache_missed_total', { kind }, count);
  }

  depth(kind: string, depth: number): void {
    this.set('workqueue_depth', { kind }, depth);
  }

  retried(kind: string): void {
    this.count('workqueue_retries_total', { kind });
  }

  done(kind: string, seconds: number, result: 'success' | 'error'): void {
    this.count('reconcile_total', { kind, result });
    this.#histograms.get('reconcile_duration_seconds')?.observe({ kind }, seconds);
  }

  applied(kind: string, outcome: string): void {
    this.count('apply_total', { kind, outcome });
  }

  requested(method: string, status: number): void {
    this.count('api_requests_total', { method, status: String(status) });
  }
}

/** docs/OPERATOR-METRICS.md. */
export function renderMetrics(): string {
  const rows = (Object.entries(METRICS) as [MetricName, MetricInfo][]).map(([key, info]) => {
    const labels = info.labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${METRIC_PREFIX}${key}\` | ${info.type} | ${info.unit} | ${labels} | ${info.help} |`;
  });
  return [
    '# Metrics of the operator',
    '',
    'Served on its metrics port at `/metrics`. Generated from `src/operator/kube/metrics.ts` by `npm run generate`;',
    'those of nodes are in [METRICS.md](METRICS.md).',
    '',
    '| metric | type | unit | labels | meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
