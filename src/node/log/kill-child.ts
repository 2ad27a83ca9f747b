/**
 * The process that kill.test.ts kills: `node kill-child.ts DIRECTORY [KEY-FILE]` opens log and snapshots there,
 * says what it found, then appends as fast as it can and writes each index to stdout once it is durable. Now
 * and then it publishes a snapshot and drops the log before the last one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { KeyRing, NO_KEYS } from './cipher.ts';
import { parseKeys } from './key-file.ts';
import { openLog } from './open.ts';
import { openSnapshots } from './snapshot-files.ts';

const STDOUT = 1;
const SEGMENT_BYTES = 256 * 1024;
const IN_FLIGHT = 20;
/** Entries from one snapshot to the next. */
const SPACING = 300;

const [directory, keyFile] = process.argv.slice(2);
const keys =
  keyFile === undefined
    ? NO_KEYS
    : new KeyRing(parseKeys(fs.readFileSync(keyFile, 'utf8'), keyFile));
const snapshots = openSnapshots({ directory: path.join(directory, 'snapshots'), keys });
const pending = new Map<number, number>();
let seq = 0;
let term = 0;

const { log, recovered } = openLog({
  directory,
  keys,
  snapshots,
  segmentBytes: SEGMENT_BYTES,
  reserveBytes: 0,
  onPersisted: (done) => {
    const index = pending.get(done);
    pending.delete(done);
    if (index !== undefined) fs.writeSync(STDOUT, `durable ${index} ${term}\n`);
    if (index !== undefined && index % SPACING === 0) snapshot(index);
    append();
  },
  onFailed: (error) => {
    throw error;
  },
});

term = recovered.hardState.term + 1;
let index = recovered.lastIndex;
fs.writeSync(STDOUT, `recovered ${index} ${recovered.hardState.term}\n`);
log.persist({
  seq: ++seq,
  hardState: { term, vote: 'self', commit: 0 },
  restart: null,
  truncateFrom: null,
  entries: [],
});
for (let i = 0; i < IN_FLIGHT; i++) append();

function snapshot(after: number): void {
  const sink = snapshots.create(after, term);
  sink.write(new Uint8Array(100_000).fill(after));
  sink.publish((error) => {
    if (error !== null) throw error;
    const older = snapshots.files.at(-2);
    for (const file of snapshots.files.slice(0, -2)) snapshots.remove(file.index);
    if (older !== undefined) log.dropBefore(older.index + 1);
  });
}

function append(): void {
  const payload = new Uint8Array((index * 37) % 3000).fill(index);
  const entry = { index: ++index, term, kind: 2, payload };
  pending.set(++seq, index);
  log.persist({ seq, hardState: null, restart: null, truncateFrom: null, entries: [entry] });
}
