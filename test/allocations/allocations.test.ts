/**
 * Hot commands make no garbage: what a session, its command and the keyspace allocate is counted, in bytes, in a
 * process of its own where nothing is collected meanwhile.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CASES } from './cases.ts';

const script = fileURLToPath(new URL('measure.ts', import.meta.url));
const flags = [
  '--expose-gc',
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
  // what is inlined, and so which times become objects, would depend on when the compiler's thread is done
  '--no-concurrent-recompilation',
];
const bytesEach = JSON.parse(
  execFileSync(process.execPath, [...flags, script], { encoding: 'utf8' }),
) as Record<string, number>;

test.each(CASES)('one $name allocates less than $mostBytes bytes', ({ name, mostBytes }) => {
  expect(bytesEach[name]).toBeLessThan(mostBytes);
});
