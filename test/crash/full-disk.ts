/**
 * Full disks under load (rule W7): at the soft limit writes are refused and reads go on; at the very end of the
 * space a member stops appending but does not exit; when there is space again all goes on. Nothing is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '#base/prng.ts';
import { type FaultOptions, type FaultReport } from './freeze.ts';
import { SmallDisk } from './small-disk.ts';
import { SHARD, trial, type Trial, WRITTEN_WITHIN_MS } from './trial.ts';

const MIB = 1024 * 1024;
/** A log without truncation has to last for all rounds. */
const DISK_BYTES = 256 * MIB;
const SEGMENT_BYTES = MIB;
const RESERVE_BYTES = 8 * MIB;
/** A member looks at its free space once a second. */
const NOTICED_WITHIN_MS = 3000;
const MEMBERS = ['crash-0001-001', 'crash-0001-002', 'crash-0001-l01'];

type Full =
  /** All members, down to their reserve: writes are refused, deletes are not. */
  | 'all-soft'
  /** The primary, to the last byte: it hands over, and a majority goes on. */
  | 'primary-hard'
  /** Another member, to the last byte: a majority goes on. */
  | 'other-hard'
  /** All members, to the last byte. */
  | 'all-hard';
const KINDS: readonly Full[] = ['all-soft', 'other-hard', 'all-hard', 'primary-hard'];

export async function fillDisks(options: FaultOptions): Promise<FaultReport> {
  const random = new Prng(options.seed);
  const disks = new Map<string, SmallDisk>();
  const setting = {
    seed: options.seed,
    commandTimeoutMs: 2000,
    nodeOptions: { segmentBytes: SEGMENT_BYTES, diskReserveBytes: RESERVE_BYTES },
    prepare: (dataOf: (name: string) => string) => {
      for (const name of MEMBERS) disks.set(name, new SmallDisk(dataOf(name), DISK_BYTES));
    },
    stopped: () => {
      for (const disk of disks.values()) disk.unmount();
    },
  };
  const { result, ...verdict } = await trial(setting, async (trialled) => {
    const lines: string[] = [];
    for (let round = 0; round < options.rounds; round++) {
      await delay(200 + random.below(300));
      const lastsMs = options.lastsMs + random.below(options.lastsMs);
      lines.push(await fillOnce(trialled, disks, KINDS[round % KINDS.length], lastsMs));
    }
    return lines;
  });
  return { lines: result, ...verdict };
}

async function fillOnce(
  { cluster, load, ledger }: Trial,
  disks: ReadonlyMap<string, SmallDisk>,
  kind: Full,
  lastsMs: number,
): Promise<string> {
  await cluster.ready();
  const primary = await cluster.primaryOf(SHARD);
  if (primary === null) throw new Error('a cluster that is ready has a primary');
  const names = cluster.members().map(({ name }) => name);
  const chosen = names.filter((name) => {
    if (kind === 'primary-hard') return name === primary;
    return kind !== 'other-hard' || name === names.find((other) => other !== primary);
  });
  const refusedBefore = refusals(load);
  for (const name of chosen) {
    disks.get(name)?.fill(kind === 'all-soft' ? RESERVE_BYTES / 2 : 0);
  }
  await delay(NOTICED_WITHIN_MS);
  const readsBefore = ledger.reads;
  const writesBefore = ledger.acknowledgedWrites;
  await delay(lastsMs);
  const refused = refusals(load) - refusedBefore;
  const reads = ledger.reads - readsBefore;
  const writes = ledger.acknowledgedWrites - writesBefore;
  judge(ledger.violations, kind, { refused, reads, writes });
  for (const name of chosen) disks.get(name)?.free();
  const freedAtMs = performance.now();
  await nextWrite(ledger);
  const backMs = Math.round(performance.now() - freedAtMs);
  await cluster.ready();
  for (const name of names) {
    if (cluster.restartsOf(name) > 0) ledger.violations.push(`${kind}: ${name} exited`);
  }
  return (
    `${kind} (${chosen.join(', ')}) for ${Math.round(lastsMs)} ms: ${writes} writes and ${reads} reads went on, ` +
    `${refused} writes refused; ${backMs} ms after there was space again one was taken`
  );
}

/** Waits for a write that takes space; the load's own word for it counts deletes. */
async function nextWrite(ledger: Trial['ledger']): Promise<void> {
  const before = ledger.acknowledgedWrites;
  const deadlineMs = performance.now() + WRITTEN_WITHIN_MS;
  while (ledger.acknowledgedWrites === before) {
    if (performance.now() > deadlineMs) throw new Error('no write although there is space again');
    await delay(5);
  }
}

/** Writes that were refused for want of space. */
function refusals(load: Trial['load']): number {
  return load.errors.reduce((sum, [text, count]) => sum + (text.startsWith('OOM') ? count : 0), 0);
}

function judge(
  violations: string[],
  kind: Full,
  { refused, reads, writes }: { refused: number; reads: number; writes: number },
): void {
  const shouldWrite = kind === 'other-hard' || kind === 'primary-hard';
  if (shouldWrite && writes === 0) violations.push(`${kind}: a majority has space, but no writes`);
  if (!shouldWrite && refused === 0) violations.push(`${kind}: nothing was refused`);
  if (kind === 'all-soft' && writes > 0) violations.push(`${kind}: ${writes} writes`);
  if (reads === 0) violations.push(`${kind}: no reads`);
}
