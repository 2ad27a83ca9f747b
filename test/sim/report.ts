/** Sums over many runs, as text. */
import type { RunResult } from './run.ts';

export class Report {
  readonly failures: RunResult[] = [];
  seeds = 0;
  #events = 0;
  #acknowledged = 0;
  #operations = 0;
  #tainted = 0;
  #replicaReads = 0;
  #elections = 0;
  #changes = 0;
  #simulatedMs = 0;
  readonly #faults = new Map<string, number>();

  add(result: RunResult): void {
    this.seeds++;
    this.#events += result.events;
    this.#acknowledged += result.acknowledged;
    this.#operations += result.operations;
    this.#tainted += result.tainted;
    this.#replicaReads += result.replicaReads;
    this.#elections += result.elections;
    this.#changes += result.changes;
    this.#simulatedMs += result.simulatedMs;
    for (const [name, count] of Object.entries(result.faults)) {
      this.#faults.set(name, (this.#faults.get(name) ?? 0) + count);
    }
    if (result.failure !== null) this.failures.push(result);
  }

  /** One line on how far it is. */
  progress(elapsedMs: number): string {
    const rate = (this.seeds / elapsedMs) * 1000;
    return `${this.seeds} seeds, ${rate.toFixed(1)}/s, ${this.failures.length} failed`;
  }

  /** All of it. */
  summary(elapsedMs: number): string {
    const perSecond = (count: number): string => ((count / elapsedMs) * 1000).toFixed(1);
    const faults = [...this.#faults].sort(([, a], [, b]) => b - a);
    const total = faults.reduce((sum, [, count]) => sum + count, 0);
    const lines = [
      `seeds               ${this.seeds} (${perSecond(this.seeds)}/s)`,
      `events              ${this.#events} (${perSecond(this.#events)}/s)`,
      `simulated time      ${(this.#simulatedMs / 1000).toFixed(0)} s`,
      `operations          ${this.#operations}, of them acknowledged writes ${this.#acknowledged}`,
      `replies checked     ${this.#tainted}`,
      `replica reads       ${this.#replicaReads}`,
      `elections           ${this.#elections}`,
      `membership changes  ${this.#changes}`,
      `faults              ${total}`,
      ...faults.map(([name, count]) => `  ${name.padEnd(34)} ${count}`),
    ];
    for (const { seed, failure } of this.failures) {
      lines.push(
        '',
        `FAILED seed ${seed}: npm run sim -- --seeds 1 --seed ${seed} --trace`,
        failure?.slice(0, 2000) ?? '',
      );
    }
    return lines.join('\n');
  }
}
