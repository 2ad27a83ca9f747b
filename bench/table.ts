/** Measurements as one Markdown table. */
import type { Measurement } from './benchmark.ts';

export interface Row {
  readonly title: string;
  /** Per server, in the order of the columns: its runs. The first server is ours. */
  readonly runs: readonly (readonly Measurement[])[];
}

/** Medians of operations a second, with p50 and p99 of the latency, and ours as a part of each other. */
export function renderTable(servers: readonly string[], rows: readonly Row[]): string {
  const [ours, ...others] = servers;
  const head = ['', ours, ...others.flatMap((title) => [title, 'ratio'])];
  const lines = [line(head), line(head.map((_cell, at) => (at === 0 ? '---' : '---:')))];
  for (const { title, runs } of rows) {
    const [own, ...theirs] = runs.map(median);
    const cells = theirs.flatMap((their) => [
      cell(their),
      `${(own.perSecond / their.perSecond).toFixed(2)}×`,
    ]);
    lines.push(line([title, cell(own), ...cells]));
  }
  return lines.join('\n');
}

/** The run with the middle throughput. */
export function median(runs: readonly Measurement[]): Measurement {
  const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function cell({ perSecond, p50Ms, p99Ms }: Measurement): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s (${p50Ms} / ${p99Ms} ms)`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
