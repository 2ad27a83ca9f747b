/**
 * The metrics table as Prometheus text, by prom-client: names, types and help from the table, figures
 * from one sample a scrape, and prom-client's own metrics of the process (CPU, memory, garbage
 * collection).
 */
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { Metric } from 'prom-client';
import { METRICS } from './metrics.ts';
import type {
  HistogramCounts,
  MetricKey,
  MetricRow,
  MetricsSample,
  MetricsSource,
} from './metrics.ts';

export interface MetricsOptions {
  /** Labels of every line: memorycluster, shard, member. */
  readonly labels: Readonly<Record<string, string>>;
  /** Also prom-client's metrics of the process. Default true. */
  readonly processMetrics?: boolean;
}

const KEYS = Object.keys(METRICS) as MetricKey[];

export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #source: MetricsSource;
  #sample: MetricsSample | null = null;

  constructor(source: MetricsSource, options: MetricsOptions) {
    this.#source = source;
    this.contentType = this.#registry.contentType;
    this.#registry.setDefaultLabels(options.labels);
    for (const key of KEYS) this.#register(key);
    if (options.processMetrics !== false) {
      collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 50 });
    }
  }

  /** The text of one scrape. */
  async text(): Promise<string> {
    this.#sample = this.#source.sample();
    return this.#registry.metrics();
  }

  #register(key: MetricKey): void {
    const row: MetricRow = METRICS[key];
    const name = metricName(key);
    const type = row.type === 'info' ? 'gauge' : row.type;
    // prom-client only asks a metric for its name and, at a scrape, for its values
    const metric = {
      name,
      help: row.help,
      type,
      get: async () => ({
        name,
        help: row.help,
        type,
        aggregator: 'sum',
        values: this.#sample === null ? [] : valuesOf(row, name, this.#sample[key]),
      }),
    };
    this.#registry.registerMetric(metric as unknown as Metric);
  }
}

/** `connectionsTotal` as `holdfast_connections_total`. */
export function metricName(key: MetricKey): string {
  return `holdfast_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

/** The text of docs/METRICS.md. */
export function renderMetrics(): string {
  const lines = [
    '# Metrics of a node',
    '',
    '<!-- Written by `node src/node/admin/generate.ts` from src/node/admin/metrics.ts. -->',
    '',
    'Served as Prometheus text on the plain port (9121) under `/metrics`, with the labels `memorycluster`,',
    "`shard` and `member`, besides prom-client's metrics of the process (`process_…`, `nodejs_…`).",
    '',
    '| metric | type | label | meaning |',
    '|---|---|---|---|',
  ];
  for (const key of KEYS) {
    const row: MetricRow = METRICS[key];
    lines.push(`| \`${metricName(key)}\` | ${row.type} | ${row.label ?? ''} | ${row.help} |`);
  }
  return `${lines.join('\n')}\n`;
}

interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

function valuesOf(row: MetricRow, name: string, sample: MetricsSample[MetricKey]): Value[] {
  if (typeof sample === 'number') return [{ labels: {}, value: sample }];
  if (row.type === 'info')
    return [{ labels: sample as Readonly<Record<string, string>>, value: 1 }];
  if (row.type === 'histogram' && row.label === undefined) {
    return histogramValues(name, {}, sample as HistogramCounts);
  }
  const values: Value[] = [];
  for (const [word, figure] of Object.entries(sample)) {
    const labels = row.label === undefined ? {} : { [row.label]: word };
    if (typeof figure === 'number') values.push({ labels, value: figure });
    else values.push(...histogramValues(name, labels, figure as HistogramCounts));
  }
  return values;
}

function histogramValues(
  name: string,
  labels: Readonly<Record<string, string>>,
  { boundsSeconds, counts, sumSeconds }: HistogramCounts,
): Value[] {
  const values: Value[] = [];
  let total = 0;
  for (let bucket = 0; bucket <= boundsSeconds.length; bucket++) {
    total += counts[bucket];
    const le = bucket < boundsSeconds.length ? boundsSeconds[bucket] : '+Inf';
    values.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: total });
  }
  values.push({ metricName: `${name}_sum`, labels, value: sumSeconds });
  values.push({ metricName: `${name}_count`, labels, value: total });
  return values;
}
