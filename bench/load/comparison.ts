/**
 * The same loads on several servers in turn. All servers are up at the same time, rounds go around them,
 * so that a slow minute of the machine hits everybody; medians count.
 */
import { cell, figure, ratio, table } from '#bench/measure/markdown.ts';
import { median, medianBy } from '#bench/measure/median.ts';
import type { Server } from '#bench/servers/server.ts';
import {
  isFailure,
  type Measurement,
  type Observed,
  type Outcome,
  withCpu,
} from './measurement.ts';

/** One load on one server. */
export interface Run {
  /** Before the first round: what the commands find. */
  prepare(): Promise<void>;
  /** Before each round. */
  beforeRound?(seconds: number): Promise<void>;
  run(seconds: number): Promise<Observed>;
}

export interface ComparedCase {
  readonly title: string;
  on(server: Server): Run;
}

export interface Row {
  readonly title: string;
  /** By server: what its rounds gave. */
  readonly outcomes: readonly (readonly Outcome[])[];
}

/** A column that divides one server's figures by another's. */
export interface Ratio {
  readonly heading: string;
  readonly ours: string;
  readonly theirs: string;
}

export async function compare(
  servers: readonly Server[],
  compared: ComparedCase,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Row> {
  const outcomes: Outcome[][] = servers.map(() => []);
  const runs = servers.map((server) => compared.on(server));
  for (const [at, run] of runs.entries()) {
    await attempt(outcomes[at], async () => await run.prepare());
    report(compared, 0, servers[at], outcomes[at].at(-1));
  }
  for (let round = 1; round <= rounds; round++) {
    for (const [at, run] of runs.entries()) {
      if (outcomes[at].some(isFailure)) continue;
      await attempt(outcomes[at], async () => {
        await run.beforeRound?.(seconds);
        const measured = await withCpu(servers[at], () => run.run(seconds));
        outcomes[at].push(measured);
      });
      report(compared, round, servers[at], outcomes[at].at(-1));
    }
  }
  return { title: compared.title, outcomes };
}

function report(
  { title }: ComparedCase,
  round: number,
  server: Server,
  outcome: Outcome | undefined,
): void {
  if (outcome === undefined) return;
  const text = isFailure(outcome) ? outcome.failed : plain(outcome);
  process.stderr.write(`${title}, round ${round}, ${server.title}: ${text}\n`);
}

async function attempt(outcomes: Outcome[], step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    outcomes.push({ failed: error instanceof Error ? error.message : String(error) });
  }
}

function plain({ perSecond, cpuMicroseconds, generatorCpu }: Measurement): string {
  const generator = `generator ${Math.round(generatorCpu * 100)} %`;
  return `${figure(perSecond)}/s, ${figure(cpuMicroseconds)} µs CPU, ${generator}`;
}

/** From here on the load generator is taken for the limit. */
const GENERATOR_BUSY = 0.93;

export const LEGEND =
  'operations a second (p50 / p99 of the time to answer a pipeline, ms; CPU of the serving process per ' +
  'operation, µs; after a + that of its other processes); `*`: the load generator was at its limit; ' +
  'ratios: operations a second, and CPU per operation (less is better), ours to theirs';

/** For the text above a table: whether the load generator was ever the limit. */
export function describeGenerator(rows: readonly Row[]): string {
  const measured = rows
    .flatMap(({ outcomes }) => outcomes.flat())
    .filter((one): one is Measurement => !isFailure(one));
  const busiest = Math.max(0, ...measured.map(({ generatorCpu }) => generatorCpu));
  return `The load generator took at most ${Math.round(busiest * 100)} % of its processor.`;
}

/** @param titles of the servers, by column */
export function renderComparison(
  titles: readonly string[],
  rows: readonly Row[],
  ratios: readonly Ratio[],
): string {
  const possible = ratios.filter(
    ({ ours, theirs }) => titles.includes(ours) && titles.includes(theirs),
  );
  const head = ['', ...titles, ...possible.map(({ heading }) => heading)];
  const lines = rows.map(({ title, outcomes }) => {
    const middles = outcomes.map(middle);
    const quotients = possible.map(({ ours, theirs }) =>
      quotient(middles[titles.indexOf(ours)], middles[titles.indexOf(theirs)]),
    );
    return [title, ...middles.map(describe), ...quotients];
  });
  return table(head, lines);
}

/** The run with the middle throughput, and the middle of what all runs used; else what went wrong. */
export function middle(outcomes: readonly Outcome[]): Outcome {
  const failure = outcomes.find(isFailure);
  if (failure !== undefined) return failure;
  const measured = outcomes.filter((outcome): outcome is Measurement => !isFailure(outcome));
  if (measured.length === 0) return { failed: 'not run' };
  return {
    ...medianBy(measured, ({ perSecond }) => perSecond),
    cpuMicroseconds: median(measured.map(({ cpuMicroseconds }) => cpuMicroseconds)),
    cpuMicrosecondsOfAll: median(measured.map(({ cpuMicrosecondsOfAll }) => cpuMicrosecondsOfAll)),
  };
}

function describe(outcome: Outcome): string {
  if (isFailure(outcome)) return cell(`fails: ${outcome.failed}`.slice(0, 60));
  const { perSecond, p50Ms, p99Ms, cpuMicroseconds, cpuMicrosecondsOfAll } = outcome;
  const busy = outcome.generatorCpu >= GENERATOR_BUSY ? '*' : '';
  const others = cpuMicrosecondsOfAll - cpuMicroseconds;
  const rest = others > 0.05 * cpuMicroseconds ? ` + ${figure(others)}` : '';
  const latency = `${figure(p50Ms)} / ${figure(p99Ms)} ms`;
  return `${figure(perSecond)}${busy} (${latency}; ${figure(cpuMicroseconds)}${rest} µs)`;
}

function quotient(ours: Outcome, theirs: Outcome): string {
  if (isFailure(ours) || isFailure(theirs)) return '–';
  const cpu = ratio(ours.cpuMicroseconds, theirs.cpuMicroseconds);
  return `**${ratio(ours.perSecond, theirs.perSecond)}**, CPU ${cpu}`;
}
