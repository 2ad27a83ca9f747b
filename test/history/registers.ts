/**
 * The check of a history of single-writer registers: each key is written by one client with rising numbers
 * and read by anyone. Such a history is linearizable exactly when (times are those of one observer):
 * - a read that started after a write was acknowledged sees that value or a later one;
 * - a read sees no value that had not been sent when the read ended;
 * - of two reads, one over before the other began, the later sees no older value.
 * A write whose outcome is unknown may take effect at any time or never.
 */
export interface Write {
  readonly key: string;
  readonly value: number;
  readonly startMs: number;
  /** Infinity when it was not acknowledged. */
  ackMs: number;
}

export interface Read {
  readonly key: string;
  /** 0: the key was not there. */
  readonly value: number;
  readonly startMs: number;
  readonly endMs: number;
}

export class Registers {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];

  /** A write is sent; set its `ackMs` when it is acknowledged. */
  writing(key: string, value: number, startMs: number): Write {
    const write = { key, value, startMs, ackMs: Number.POSITIVE_INFINITY };
    this.writes.push(write);
    return write;
  }

  read(key: string, value: number, startMs: number, endMs: number): void {
    this.reads.push({ key, value, startMs, endMs });
  }

  get acknowledged(): number {
    return this.writes.filter((write) => write.ackMs !== Number.POSITIVE_INFINITY).length;
  }

  /** What breaks the rules, in words; empty for a linearizable history. */
  violations(): string[] {
    const found: string[] = [];
    const keys = new Set(this.writes.map((write) => write.key));
    for (const key of keys) {
      const writes = this.writes.filter((write) => write.key === key);
      const reads = this.reads.filter((read) => read.key === key);
      found.push(...violationsOfKey(key, writes, reads));
    }
    return found;
  }
}

function violationsOfKey(key: string, writes: Write[], reads: Read[]): string[] {
  const found: string[] = [];
  const sent = new Map(writes.map((write) => [write.value, write.startMs]));
  const acks = writes
    .filter((write) => write.ackMs !== Number.POSITIVE_INFINITY)
    .sort((a, b) => a.ackMs - b.ackMs);
  const byStart = [...reads].sort((a, b) => a.startMs - b.startMs);
  const byEnd = [...reads].sort((a, b) => a.endMs - b.endMs);
  let acked = 0;
  let nextAck = 0;
  let seen = 0;
  let nextEnd = 0;
  for (const read of byStart) {
    while (nextAck < acks.length && acks[nextAck].ackMs < read.startMs) {
      acked = Math.max(acked, acks[nextAck++].value);
    }
    while (nextEnd < byEnd.length && byEnd[nextEnd].endMs < read.startMs) {
      seen = Math.max(seen, byEnd[nextEnd++].value);
    }
    const span = `read of ${key} at ${read.startMs}..${read.endMs} saw ${read.value}`;
    if (read.value < acked) found.push(`${span}, but ${acked} was acknowledged before`);
    if (read.value < seen) found.push(`${span}, but ${seen} was seen before`);
    const startMs = read.value === 0 ? 0 : sent.get(read.value);
    if (startMs === undefined) found.push(`${span}, which nobody wrote`);
    else if (startMs > read.endMs) found.push(`${span}, which was sent later`);
  }
  return found;
}
