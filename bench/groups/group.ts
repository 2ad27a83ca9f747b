/** A group of cases: one table. */
import type { Program } from '#bench/servers/peers.ts';

export interface Settings {
  /** Runs of each case per server; medians count. */
  readonly rounds: number;
  /** Length of one run. */
  readonly seconds: number;
  /** Length of a long run. */
  readonly minutes: number;
  /** Factor of all numbers of items and keys, and of the length of long loads: below 1 to try things out. */
  readonly scale: number;
}

export interface GroupContext {
  readonly settings: Settings;
  /** Names of the cases to run, in the group's order. */
  readonly cases: readonly string[];
  /** An empty folder for the servers' files. */
  readonly directory: string;
  /** Peers that this machine has. */
  readonly peers: readonly Program[];
}

export interface Group {
  readonly name: string;
  /** Names of the cases that run when none is named. */
  readonly usual: readonly string[];
  /** All that there are, `usual` among them. */
  readonly all: readonly string[];
  /** Resolves with Markdown: a line or two of what it is, and the table. */
  run(context: GroupContext): Promise<string>;
}

/** What goes on, for whoever waits. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A number of items at this scale, at least one. */
export function scaled(count: number, { scale }: Settings): number {
  return Math.max(1, Math.round(count * scale));
}
