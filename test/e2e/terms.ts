/**
 * Who served as primary in which term, by the members' own logs: a term has one primary, or two members
 * could have acknowledged in it. Logs of deleted pods are gone, so they are read before and after faults.
 */
import type { Namespace } from './cluster.ts';

interface LogLine {
  readonly msg?: string;
  readonly state?: string;
  readonly term?: number;
  readonly shard?: string;
  readonly member?: string;
}

export class Terms {
  /** `shard/term` to the members that became its serving primary. */
  readonly primaries = new Map<string, Set<string>>();
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  /** Reads the logs of the cluster's pods that are there now. */
  async read(cluster: string): Promise<void> {
    const selector = `holdfast.dev/cluster=${cluster}`;
    const names = await this.#namespace.kubectl('get', 'pods', '-l', selector, '-o', 'name');
    for (const name of names.split('\n').filter((line) => line !== '')) {
      try {
        this.#note(await this.#namespace.kubectl('logs', name));
      } catch {
        // its node is off, or it is being made: another member's log has the next term
      }
    }
  }

  /** Terms with more than one primary, in words. */
  get shared(): string[] {
    return [...this.primaries]
      .filter(([, members]) => members.size > 1)
      .map(([term, members]) => `${term}: ${[...members].join(', ')}`);
  }

  #note(log: string): void {
    for (const line of log.split('\n')) {
      if (!line.includes('"state changed"')) continue;
      const { state, term, shard, member } = JSON.parse(line) as LogLine;
      if (state !== 'primary' || member === undefined) continue;
      const key = `${shard}/${term}`;
      const members = this.primaries.get(key) ?? new Set();
      this.primaries.set(key, members.add(member));
    }
  }
}
