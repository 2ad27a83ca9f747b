/**
 * Stalls of the keyspace alone: one process that drives it as the command thread does, in turns of a few
 * commands, and times every turn. `node keyspace-process.ts KEYS SECONDS WALK` (WALK: yes or no); prints
 * JSON. What other processes take of the processor is not in the CPU figures.
 */
import { Keyspace } from '#node/keyspace/keyspace.ts';
import { beginWalk, maintain, stepWalk } from './keyspace-driver.ts';

export interface KeyspaceStalls {
  /** Longest turn: churn, a step of the walk, maintenance; the longest of each. */
  readonly longestCpuMs: Readonly<Record<'insert' | 'churn' | 'walk' | 'maintenance', number>>;
  readonly longestWallMs: number;
  readonly opsPerSecond: number;
  /** Walks that were finished. */
  readonly walks: number;
  readonly keys: number;
}

const COMMANDS_PER_TURN = 64;
const VALUE_BYTES = { least: 64, most: 200 };
const MS_TO_EXPIRE = 5000;

const keyCount = Number(process.argv[2]);
const seconds = Number(process.argv[3]);
const withWalk = process.argv[4] === 'yes';

const keyspace = new Keyspace({ hashSeed: [0x1234567, 0x89abcde] });
const key = Buffer.from('key:000000000000');
const value = Buffer.alloc(VALUE_BYTES.most, 'x');
const longestCpuMs = { insert: 0, churn: 0, walk: 0, maintenance: 0 };
let longestWallMs = 0;
let index = 1;
let state = 1;

function random(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

function nameKey(number: number): void {
  let rest = number;
  for (let at = 15; rest > 0 || at > 13; at--) {
    key[at] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

function set(number: number, length: number, expiresAtMs: number): void {
  key.fill(0x30, 4);
  nameKey(number);
  keyspace.beginCommand();
  keyspace.setString(key, 0, key.length, value, 0, length, expiresAtMs);
}

function churn(): void {
  const number = random(keyCount);
  const kind = random(20);
  const { least, most } = VALUE_BYTES;
  if (kind === 0) {
    key.fill(0x30, 4);
    nameKey(number);
    keyspace.beginCommand();
    keyspace.delete(key, 0, key.length);
  } else {
    const expiresAtMs = kind === 1 ? keyspace.nowMs + MS_TO_EXPIRE : 0;
    set(number, least + random(most - least), expiresAtMs);
  }
}

/** As the shard does after a turn: effects are taken, and an index is committed. */
function commit(): void {
  keyspace.effects.clear();
  keyspace.committed(index);
  keyspace.openIndex = ++index;
}

function timed(part: keyof typeof longestCpuMs, turn: () => void): void {
  const wallMs = performance.now();
  const cpu = process.threadCpuUsage();
  turn();
  const { user, system } = process.threadCpuUsage(cpu);
  longestCpuMs[part] = Math.max(longestCpuMs[part], (user + system) / 1000);
  if (part !== 'insert') longestWallMs = Math.max(longestWallMs, performance.now() - wallMs);
}

keyspace.nowMs = Date.now();
for (let first = 0; first < keyCount; first += COMMANDS_PER_TURN) {
  timed('insert', () => {
    const end = Math.min(keyCount, first + COMMANDS_PER_TURN);
    for (let number = first; number < end; number++) set(number, VALUE_BYTES.least, 0);
    commit();
  });
}

const startMs = performance.now();
let operations = 0;
let walks = 0;
while (performance.now() - startMs < seconds * 1000) {
  keyspace.nowMs = Date.now();
  timed('churn', () => {
    for (let at = 0; at < COMMANDS_PER_TURN; at++) churn();
    commit();
  });
  operations += COMMANDS_PER_TURN;
  timed('maintenance', () => maintain(keyspace));
  if (!withWalk) continue;
  timed('walk', () => {
    if (!keyspace.walk.active) beginWalk(keyspace);
    else if (stepWalk(keyspace)) walks++;
  });
}

const result: KeyspaceStalls = {
  longestCpuMs,
  longestWallMs,
  opsPerSecond: (operations * 1000) / (performance.now() - startMs),
  walks,
  keys: keyspace.size,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
