/** What the writers wrote down, and what it proves. */
import { Registers } from '../history/registers.ts';

export interface Verdict {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly reads: number;
  /** Acknowledged keys that could not be read at the end, and reads that break the rules, in words. */
  readonly violations: readonly string[];
  /** The longest time in which a worker, which speaks to one shard, had no write acknowledged. */
  readonly refusedWriteMs: number;
  /** Why outcomes are unknown: what clients were told, each once. */
  readonly errors: readonly string[];
}

type Line =
  | {
      readonly op: 'write';
      readonly key: string;
      readonly value: number;
      readonly startMs: number;
      readonly ackMs: number | null;
      readonly error?: string;
    }
  | {
      readonly op: 'read';
      readonly key: string;
      readonly value: number;
      readonly startMs: number;
      readonly endMs: number;
    }
  | { readonly op: 'end'; readonly unread: number };

/** Throws with the text of a line that is none: something on its way from the pod changed it. */
function parse(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch (cause) {
    throw new Error(`not a line of a ledger: ${JSON.stringify(text.slice(0, 300))}`, { cause });
  }
}

/** Judges the lines of one program (one clock). */
export function judgeLedger(lines: readonly string[]): Verdict {
  const registers = new Registers();
  const acks = new Map<string, number[]>();
  const errors = new Set<string>();
  let unread: number | null = null;
  for (const text of lines) {
    const line = parse(text);
    if (line.op === 'end') unread = line.unread;
    else if (line.op === 'read') registers.read(line.key, line.value, line.startMs, line.endMs);
    else {
      const write = registers.writing(line.key, line.value, line.startMs);
      if (line.ackMs === null) {
        errors.add((line.error ?? '').slice(0, 60));
        continue;
      }
      write.ackMs = line.ackMs;
      const worker = line.key.slice(0, line.key.indexOf('}'));
      const times = acks.get(worker);
      if (times === undefined) acks.set(worker, [line.ackMs]);
      else times.push(line.ackMs);
    }
  }
  const violations = registers.violations();
  if (unread === null) violations.push('the program did not come to its end');
  else if (unread > 0) violations.push(`${unread} acknowledged keys could not be read at the end`);
  let refusedWriteMs = 0;
  for (const times of acks.values()) {
    for (let at = 1; at < times.length; at++) {
      refusedWriteMs = Math.max(refusedWriteMs, times[at] - times[at - 1]);
    }
  }
  return {
    acknowledged: registers.acknowledged,
    unknown: registers.writes.length - registers.acknowledged,
    reads: registers.reads.length,
    violations,
    refusedWriteMs: Math.round(refusedWriteMs),
    errors: [...errors],
  };
}
