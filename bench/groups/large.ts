/** The largest value there may be: SET and GET of 512 MiB work, and the memory comes back after DEL. */
import { once } from 'node:events';
import { cell, figure, mebibytes, table } from '#bench/measure/markdown.ts';
import { residentBytes } from '#bench/measure/process-memory.ts';
import { dial } from '#bench/servers/dial.ts';
import { holdfast } from '#bench/servers/holdfast.ts';
import { inMemory } from '#bench/servers/peers.ts';
import { integer, request } from '#bench/servers/request.ts';
import type { Server } from '#bench/servers/server.ts';
import { type Group, type GroupContext, progress, scaled } from './group.ts';

const VALUE_BYTES = 512 << 20;
/** Not a divisor of the value, nor a power of two: a part that is moved or lost is seen. */
const PATTERN_BYTES = 1_000_003;
const KEY = 'large';
const SETTLE_MS = 5000;
const LONGEST_MS = 180_000;

export const large: Group = { name: 'large', usual: ['512m'], all: ['512m'], run };

async function run({ settings, directory, peers }: GroupContext): Promise<string> {
  const kinds = [
    holdfast({ title: 'Holdfast, 1 voter', voters: 1, durability: 'sync' }),
    holdfast({ title: 'Holdfast, 3 voters', voters: 3, durability: 'sync' }),
    ...peers.map(inMemory),
  ];
  const length = scaled(VALUE_BYTES, settings);
  const rows: string[][] = [];
  for (const [at, kind] of kinds.entries()) {
    progress(`large: ${kind.title}`);
    const server = await kind.start(`${directory}/${at}`);
    try {
      rows.push([kind.title, ...(await exercise(server, length))]);
    } finally {
      await server.stop();
    }
  }
  const head = [
    '',
    'SET',
    'GET',
    'DEL',
    'RSS before',
    'with value',
    'after GET',
    `${SETTLE_MS / 1000} s after DEL`,
  ];
  return `One value of ${mebibytes(length)}, written and read back byte by byte.\n\n${table(head, rows)}`;
}

/** The cells of a row; the step that fails says why and is the last. */
async function exercise(server: Server, length: number): Promise<string[]> {
  const pattern = makePattern();
  const [pid] = server.pids();
  const times: string[] = [];
  const sizes: string[] = [mebibytes(residentBytes(pid))];
  const steps = [
    () => writeValue(server, pattern, length),
    () => readValue(server, pattern, length),
    () => integer(server, ['DEL', KEY]),
  ];
  for (const step of steps) {
    const startMs = performance.now();
    try {
      await step();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return [...times, cell(`fails: ${why}`), ...Array<string>(6 - times.length).fill('–')];
    }
    times.push(`${figure((performance.now() - startMs) / 1000)} s`);
    if (times.length < steps.length) sizes.push(mebibytes(residentBytes(pid)));
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await request(server, ['PING']);
  return [...times, ...sizes, mebibytes(residentBytes(pid))];
}

function makePattern(): Uint8Array {
  const pattern = new Uint8Array(PATTERN_BYTES);
  let state = 1;
  for (let at = 0; at < PATTERN_BYTES; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    pattern[at] = state >>> 24;
  }
  return pattern;
}

async function writeValue(server: Server, pattern: Uint8Array, length: number): Promise<void> {
  const answer = Promise.withResolvers<string>();
  const socket = dial(server, {
    buffer: new Uint8Array(1 << 16),
    received: (bytes, count) => answer.resolve(Buffer.from(bytes.subarray(0, count)).toString()),
  });
  socket.on('error', answer.reject);
  socket.on('close', () => answer.reject(new Error('the connection was closed')));
  socket.setTimeout(LONGEST_MS, () => answer.reject(new Error('no answer')));
  socket.write(`*3\r\n$3\r\nSET\r\n$${KEY.length}\r\n${KEY}\r\n$${length}\r\n`);
  const sending = (async (): Promise<void> => {
    for (let sent = 0; sent < length && !socket.destroyed; sent += pattern.length) {
      const part = pattern.subarray(0, Math.min(pattern.length, length - sent));
      if (!socket.write(part)) await Promise.race([once(socket, 'drain'), answer.promise]);
    }
    socket.write('\r\n');
  })();
  sending.catch(answer.reject);
  try {
    const text = await answer.promise;
    if (!text.startsWith('+OK')) throw new Error(text.trim());
  } finally {
    socket.destroy();
  }
}

async function readValue(server: Server, pattern: Uint8Array, length: number): Promise<void> {
  const done = Promise.withResolvers<void>();
  let header = '';
  let received = 0;
  const take = (bytes: Uint8Array, count: number): void => {
    let at = 0;
    while (at < count && !header.endsWith('\n')) header += String.fromCharCode(bytes[at++]);
    if (header.endsWith('\n') && header !== `$${length}\r\n`) done.reject(new Error(header.trim()));
    while (at < count && received < length) {
      const place = received % pattern.length;
      const some = Math.min(count - at, pattern.length - place, length - received);
      const same = Buffer.compare(
        bytes.subarray(at, at + some),
        pattern.subarray(place, place + some),
      );
      if (same !== 0)
        done.reject(new Error(`another value between ${received} and ${received + some}`));
      at += some;
      received += some;
    }
    if (received === length) done.resolve();
  };
  const socket = dial(server, { buffer: new Uint8Array(1 << 20), received: take });
  socket.on('error', done.reject);
  socket.on('close', () => done.reject(new Error('the connection was closed')));
  socket.setTimeout(LONGEST_MS, () => done.reject(new Error('no answer')));
  socket.write(`*2\r\n$3\r\nGET\r\n$${KEY.length}\r\n${KEY}\r\n`);
  try {
    await done.promise;
  } finally {
    socket.destroy();
  }
}
