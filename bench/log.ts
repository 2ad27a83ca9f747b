/**
 * What one durable append costs here, and what the log makes of it. `node bench/log.ts [DIRECTORY] [SECONDS]`
 *
 * First single writes of 4 KiB in three ways: preallocated with O_DSYNC (what the log does), preallocated
 * with fdatasync, growing with fdatasync. Then the log itself with 1 to 256 requests under way.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openLog } from '#node/log/open.ts';

const [base = os.tmpdir(), secondsText = '2'] = process.argv.slice(2);
const durationMs = Number(secondsText) * 1000;
const directory = fs.mkdtempSync(path.join(base, 'holdfast-bench-log-'));
const WRITE_BYTES = 4096;
const FILE_BYTES = 64 << 20;
const PAYLOAD_BYTES = 100;

function write(file: number, bytes: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.write(file, bytes, 0, bytes.length, position, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

function fdatasync(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(file, (error) => (error ? reject(error) : resolve()));
  });
}

async function single(name: string, preallocated: boolean, dsync: boolean): Promise<void> {
  const file = path.join(directory, 'single');
  fs.writeFileSync(file, new Uint8Array(preallocated ? FILE_BYTES : 0), { flush: true });
  const descriptor = fs.openSync(file, fs.constants.O_RDWR | (dsync ? fs.constants.O_DSYNC : 0));
  const bytes = new Uint8Array(WRITE_BYTES).fill(7);
  const startMs = performance.now();
  let count = 0;
  while (performance.now() - startMs < durationMs) {
    await write(descriptor, bytes, (count * WRITE_BYTES) % FILE_BYTES);
    if (!dsync) await fdatasync(descriptor);
    count++;
  }
  const elapsedMs = performance.now() - startMs;
  fs.closeSync(descriptor);
  report(name, count, elapsedMs, count, count * WRITE_BYTES);
}

async function log(inFlight: number): Promise<void> {
  const arrivals: number[] = [];
  const latenciesMs: number[] = [];
  let index = 0;
  let seq = 0;
  let running = true;
  const { log } = openLog({
    directory: path.join(directory, `log-${inFlight}`),
    onPersisted: (done) => {
      latenciesMs.push(performance.now() - arrivals[done]);
      if (running) append();
    },
    onFailed: (error) => {
      throw error;
    },
  });
  const append = (): void => {
    const entry = { index: ++index, term: 1, kind: 2, payload: new Uint8Array(PAYLOAD_BYTES) };
    const hardState = seq === 0 ? { term: 1, vote: '', commit: 0 } : null;
    arrivals[++seq] = performance.now();
    log.persist({ seq, hardState, restart: null, truncateFrom: null, entries: [entry] });
  };
  const startMs = performance.now();
  for (let i = 0; i < inFlight; i++) append();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  running = false;
  const elapsedMs = performance.now() - startMs;
  const { syncs, appendedBytes } = log.statistics;
  const count = latenciesMs.length;
  latenciesMs.sort((a, b) => a - b);
  const median = latenciesMs[Math.floor(count / 2)];
  const high = latenciesMs[Math.floor(count * 0.99)];
  report(`log, ${inFlight} under way`, count, elapsedMs, syncs, appendedBytes);
  console.log(`${' '.repeat(34)}p50 ${median.toFixed(2)} ms, p99 ${high.toFixed(2)} ms`);
  await log.close();
}

function report(
  name: string,
  count: number,
  elapsedMs: number,
  syncs: number,
  bytes: number,
): void {
  const perSecond = Math.round((count * 1000) / elapsedMs);
  const megabytes = (bytes / 1e6 / (elapsedMs / 1000)).toFixed(1);
  const syncsPerSecond = Math.round((syncs * 1000) / elapsedMs);
  console.log(
    `${name.padEnd(32)} ${String(perSecond).padStart(8)} appends/s ` +
      `${String(syncsPerSecond).padStart(7)} syncs/s ${megabytes.padStart(7)} MB/s`,
  );
}

try {
  await single('preallocated, O_DSYNC', true, true);
  await single('preallocated, fdatasync', true, false);
  await single('growing, fdatasync', false, false);
  for (const inFlight of [1, 8, 64, 256]) await log(inFlight);
} finally {
  fs.rmSync(directory, { recursive: true });
}
