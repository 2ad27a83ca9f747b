/**
 * The process that kill.test.ts kills: `node kill-child.ts DIRECTORY` opens the log there, says what it
 * found, then appends as fast as it can and writes each index to stdout once it is durable.
 */
import fs from 'node:fs';
import { openLog } from './open.ts';

const STDOUT = 1;
const SEGMENT_BYTES = 256 * 1024;
const IN_FLIGHT = 20;

const pending = new Map<number, number>();
let seq = 0;
let term = 0;

const { log, recovered } = openLog({
  directory: process.argv[2],
  segmentBytes: SEGMENT_BYTES,
  reserveBytes: 0,
  onPersisted: (done) => {
    const index = pending.get(done);
    pending.delete(done);
    if (index !== undefined) fs.writeSync(STDOUT, `durable ${index} ${term}\n`);
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

function append(): void {
  const payload = new Uint8Array((index * 37) % 3000).fill(index);
  const entry = { index: ++index, term, kind: 2, payload };
  pending.set(++seq, index);
  log.persist({ seq, hardState: null, restart: null, truncateFrom: null, entries: [entry] });
}
