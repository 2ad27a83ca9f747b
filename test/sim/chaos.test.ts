/**
 * Random faults against a simulated shard, and a history that must be linearizable. `SIM_SEEDS` and
 * `SIM_FIRST` choose the seeds; a failing one is named and replays exactly.
 */
import { expect, test } from 'vitest';
import { Registers } from '../history/registers.ts';
import { ReplyError, type SimConnection } from './client.ts';
import { type SimMember, SimShard } from './shard.ts';

const SEEDS = Number(process.env.SIM_SEEDS ?? 12);
const FIRST = Number(process.env.SIM_FIRST ?? 1);
const KEYS = ['a', 'b', 'c'];
const FAULT_MS = 4000;

/** One client: writes its own key's next number, or reads any; on trouble it goes to another member. */
class Client {
  readonly #shard: SimShard;
  readonly #key: string;
  readonly #history: Registers;
  #connection: SimConnection | null = null;
  #next = 1;
  running = true;

  constructor(shard: SimShard, key: string, history: Registers) {
    this.#shard = shard;
    this.#key = key;
    this.#history = history;
    this.#step();
  }

  #step(): void {
    if (!this.running) return;
    const { world } = this.#shard;
    const connection = this.#connected();
    if (connection === null) {
      world.after(20, () => this.#step());
      return;
    }
    const startMs = world.nowMs;
    const writes = world.random.chance(0.6);
    const key = writes ? this.#key : KEYS[world.random.below(KEYS.length)];
    const write = writes ? this.#history.writing(key, this.#next, startMs) : null;
    let settled = false;
    const again = (delayMs: number): void => {
      if (settled) return;
      settled = true;
      world.after(delayMs, () => this.#step());
    };
    connection.onReply = (reply) => {
      if (settled) return;
      if (reply instanceof ReplyError) {
        this.#connection = null; // MOVED, CLUSTERDOWN…: another member next time
      } else if (write !== null) {
        write.ackMs = world.nowMs;
      } else {
        this.#history.read(key, Number(reply ?? 0), startMs, world.nowMs);
      }
      again(world.between(0, 3));
    };
    connection.onClosed = () => {
      this.#connection = null;
      again(5);
    };
    world.after(400, () => {
      if (settled) return;
      this.#connection = null;
      connection.onReply = () => {};
      again(0);
    });
    if (writes) connection.command('SET', key, String(this.#next++));
    else connection.command('GET', key);
  }

  #connected(): SimConnection | null {
    if (this.#connection !== null && !this.#connection.closedByMember) return this.#connection;
    const places = this.#shard.members.filter(({ member, kind }) => member && kind === 'data');
    if (places.length === 0) return null;
    const place = places[this.#shard.world.random.below(places.length)];
    this.#connection = this.#shard.connect(place);
    return this.#connection;
  }
}

/** Something bad, now. */
function fault(shard: SimShard): void {
  const { random } = shard.world;
  const place = shard.members[random.below(shard.members.length)];
  const other = shard.members[random.below(shard.members.length)];
  const ids = shard.members.map(({ id }) => id);
  switch (random.below(8)) {
    case 0:
    case 1:
      if (place.member !== null) shard.crash(place);
      break;
    case 2:
      for (const member of shard.members) if (member.member === null) shard.start(member);
      break;
    case 3:
      shard.network.isolate(place.id, ids);
      break;
    case 4:
      if (place !== other) shard.network.cut(place.id, other.id);
      break;
    case 5:
      shard.network.heal();
      break;
    case 6:
      place.clock.wallOffsetMs += random.below(20_000) - 10_000;
      break;
    default:
      place.disk.syncMs = random.chance(0.5) ? [0.2, 2] : [5, 80];
  }
}

function run(seed: number): { shard: SimShard; history: Registers } {
  const seeded = seed % 3;
  const shard = new SimShard({
    seed,
    kinds: seeded === 0 ? ['data', 'data', 'data'] : ['data', 'data', 'log'],
    limits: {
      ...(seeded === 1 ? { maxEntryBytes: 48 } : {}),
      // many snapshots, so that whoever was away is sent one
      snapshotLogBytes: seed % 4 === 0 ? 1 << 30 : 1024 << (seed % 4),
    },
  });
  shard.ready();
  shard.network.lossChance = seed % 2 === 0 ? 0.02 : 0;
  shard.network.duplicateChance = seed % 5 === 0 ? 0.05 : 0;
  const history = new Registers();
  const clients = KEYS.map((key) => new Client(shard, key, history));
  const endMs = shard.world.nowMs + FAULT_MS;
  while (shard.world.nowMs < endMs) {
    shard.world.runUntil(shard.world.nowMs + shard.world.between(20, 300));
    fault(shard);
  }
  shard.network.heal();
  shard.network.lossChance = 0;
  for (const place of shard.members) {
    place.disk.syncMs = [0.2, 2];
    if (place.member === null) shard.start(place);
  }
  shard.ready(10_000);
  shard.world.runUntil(shard.world.nowMs + 1000);
  for (const client of clients) client.running = false;
  shard.world.runUntil(shard.world.nowMs + 1000);
  return { shard, history };
}

function runNamed(seed: number): ReturnType<typeof run> {
  try {
    return run(seed);
  } catch (error) {
    throw new Error(`SIM_FIRST=${seed} fails`, { cause: error });
  }
}

/** Runs a seed, and checks what it leaves behind; the number of acknowledged writes. */
function check(seed: number): number {
  const { shard, history } = runNamed(seed);
  const levels = new Set(shard.members.map((place: SimMember) => place.member?.raft.commitIndex));
  const found = [...history.violations(), ...shard.divergence()];
  if (levels.size > 1) found.push(`members are not level: ${[...levels].join(' ')}`);
  expect({ seed, found }).toEqual({ seed, found: [] });
  return history.acknowledged;
}

test(`${SEEDS} shards under random faults from seed ${FIRST} on stay linearizable and level`, () => {
  let acknowledged = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) acknowledged += check(seed);
  expect(acknowledged).toBeGreaterThan(SEEDS * 100);
}, 600_000);

test.each([[5137, 'a log member is elected first, and hands over what it was just asked to log']])(
  'seed %i: %s',
  (seed) => {
    check(seed);
  },
);
