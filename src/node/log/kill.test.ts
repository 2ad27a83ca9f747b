/** Real processes on real files: killed while appending, and kept out of a directory in use. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { KeyRing, NO_KEYS } from './cipher.ts';
import { parseKeys } from './key-file.ts';
import { openLog } from './open.ts';
import { openSnapshots } from './snapshot-files.ts';

const CHILD = path.join(import.meta.dirname, 'kill-child.ts');
const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) fs.rmSync(directory, { recursive: true });
});

function makeDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-log-'));
  directories.push(directory);
  return directory;
}

function open(directory: string, keys = NO_KEYS): ReturnType<typeof openLog> {
  return openLog({
    directory,
    keys,
    segmentBytes: 256 * 1024,
    reserveBytes: 0,
    onPersisted: () => {},
    onFailed: (error) => {
      throw error;
    },
  });
}

interface Life {
  /** Last index and term found at the start. */
  recovered: number[];
  /** Last index and term reported durable before the end. */
  durable: number[];
}

/** Runs the child until it has reported `reports` indexes, then kills it. */
async function runAndKill(directory: string, reports: number, keyFile: string[]): Promise<Life> {
  const child = spawn(process.execPath, [CHILD, directory, ...keyFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const life: Life = { recovered: [], durable: [0, 0] };
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, ...numbers] = line.split(' ');
    if (word === 'recovered') life.recovered = numbers.map(Number);
    else life.durable = numbers.map(Number);
    // what it reports between the kill and its end still counts: the pipe is read to its end
    if (++count === reports) child.kill('SIGKILL');
  }
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
  return life;
}

test('a process killed while appending loses no entry that it reported durable', async () => {
  const seed = Date.now() % 1_000_000;
  const random = new Prng(seed);
  const directory = makeDirectory();
  const keyFile = path.join(directory, 'keys');
  fs.writeFileSync(keyFile, `of-the-test ${'5c'.repeat(32)}`);
  let durable = 0;
  let term = 0;
  for (let round = 0; round < 6; round++) {
    // encryption is turned on half way
    const life = await runAndKill(directory, 2 + random.below(1200), round < 3 ? [] : [keyFile]);
    expect(life.recovered[0], `seed ${seed}`).toBeGreaterThanOrEqual(durable);
    expect(life.recovered[1], `seed ${seed}`).toBeGreaterThanOrEqual(term);
    [durable, term] = life.durable;
  }
  const keys = new KeyRing(parseKeys(fs.readFileSync(keyFile, 'utf8'), keyFile));
  const { log, recovered } = open(directory, keys);
  expect(recovered.lastIndex, `seed ${seed}`).toBeGreaterThanOrEqual(durable);
  expect(recovered.hardState).toMatchObject({ term, vote: 'self' });
  const { firstIndex, lastIndex } = recovered;
  const entries = log.read(firstIndex, lastIndex + 1, 1e9);
  expect(entries).toHaveLength(lastIndex + 1 - firstIndex);
  const snapshots = openSnapshots({ directory: path.join(directory, 'snapshots'), keys });
  expect(snapshots.damaged).toEqual([]);
  for (const { index } of snapshots.files) {
    expect(snapshots.read(index, 0, 1e9)).toEqual(new Uint8Array(100_000).fill(index));
  }
  const newest = snapshots.files.at(-1)?.index ?? 0;
  expect(newest, `seed ${seed}`).toBeGreaterThanOrEqual(firstIndex - 1);
  const wrong = entries.filter(({ index, payload }) => {
    const expected = new Uint8Array(((index - 1) * 37) % 3000).fill(index - 1);
    return Buffer.compare(payload, expected) !== 0;
  });
  expect(wrong, `seed ${seed}`).toEqual([]);
  await log.close();
});

test('a directory that another process has open is refused, and free once that process is dead', async () => {
  const directory = makeDirectory();
  const child = spawn(process.execPath, [CHILD, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  child.stdout.resume();
  expect(() => open(directory)).toThrow(
    expect.objectContaining({
      code: 'LOG_LOCKED',
      message: expect.stringContaining(`pid ${child.pid}`),
    }),
  );
  child.kill('SIGKILL');
  await closed;
  await open(directory).log.close();
});

test('a directory is refused within one process too, and free after close', async () => {
  const directory = makeDirectory();
  const first = open(directory);
  expect(() => open(directory)).toThrow(expect.objectContaining({ code: 'LOG_LOCKED' }));
  await first.log.close();
  await open(directory).log.close();
});

test('a log that could not be opened leaves its directory free', async () => {
  const directory = makeDirectory();
  await open(directory).log.close();
  const state = path.join(directory, 'state');
  const bytes = fs.readFileSync(state);
  fs.writeFileSync(state, 'x');
  expect(() => open(directory)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }));
  fs.writeFileSync(state, bytes);
  await open(directory).log.close();
});

test('a log in a directory that cannot be written to fails with the error of the system', () => {
  const file = path.join(makeDirectory(), 'file');
  fs.writeFileSync(file, '');
  expect(() => open(path.join(file, 'log'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
});
