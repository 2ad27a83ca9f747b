/**
 * What goes wrong: a weighted table. A fault looks for something to do in the shard as it is now and says whether it
 * did; what it breaks for a while it mends itself, all the rest is mended at the end of the run.
 */
import type { Moments } from './moments.ts';
import type { Operator } from './operator.ts';
import type { SimMember } from './member.ts';
import type { SimShard } from './shard.ts';
import type { World } from './world.ts';

/** What faults have in their hands. */
export interface Scene {
  readonly shard: SimShard;
  readonly world: World;
  readonly operator: Operator;
  readonly moments: Moments;
  readonly electionMs: number;
  readonly syncMs: readonly [number, number];
  readonly wallJumps: boolean;
  /** Clients are quiet for so long. */
  lull(durationMs: number): void;
  /** False once faults are over: what was planned for later is not done any more. */
  active: boolean;
  /** Counts deeds by their name. */
  did(name: string): void;
}

export interface Fault {
  readonly name: string;
  readonly weight: number;
  /** For how many election timeouts it is mostly left to take its course. */
  readonly calm?: number;
  /** True when it did something. */
  readonly run: (scene: Scene) => boolean;
}

// Who

/** All that run. */
export function running({ shard, world }: Scene): SimMember[] {
  return shard.members.filter(
    ({ member, pausedUntilMs }) => member !== null && pausedUntilMs <= world.nowMs,
  );
}

export function pick<T>({ world }: Scene, from: readonly T[]): T | null {
  return from.length === 0 ? null : from[world.random.below(from.length)];
}

/** The leader of the newest term. */
export function leaderOf(scene: Scene): SimMember | null {
  let newest: SimMember | null = null;
  for (const place of running(scene)) {
    const { raft } = place.member ?? {};
    if (raft?.role !== 'leader') continue;
    if (raft.term > (newest?.member?.raft.term ?? 0)) newest = place;
  }
  return newest;
}

/** Often the leader, else anyone. */
export function victim(scene: Scene): SimMember | null {
  const leader = scene.world.random.chance(0.4) ? leaderOf(scene) : null;
  return leader ?? pick(scene, running(scene));
}

// What

/** Crashes it; it starts again after a while, if its disk lets it. */
export function crash(scene: Scene, place: SimMember, downMs: number, power: boolean): void {
  const { shard, world } = scene;
  if (place.member === null) return;
  shard.crash(place, power);
  world.after(downMs, () => startAgain(scene.shard, place));
}

/** Starts it if it is down and may start. */
export function startAgain(shard: SimShard, place: SimMember): void {
  if (place.member === null && !place.lost && !place.retired) shard.start(place);
}

/** Does `run` after a while, unless faults are over by then. */
export function later(scene: Scene, delayMs: number, run: () => void): void {
  scene.world.after(delayMs, () => {
    if (scene.active) run();
  });
}

export function others({ shard }: Scene, place: SimMember): SimMember[] {
  return shard.members.filter((other) => other !== place && !other.retired);
}

export function isolate(scene: Scene, place: SimMember): void {
  for (const other of others(scene, place)) {
    scene.shard.network.cut(place.id, other.id);
    scene.shard.network.cut(other.id, place.id);
  }
}

/** Cuts all links between members on different sides. */
export function split(scene: Scene, side: ReadonlySet<SimMember>): void {
  const { members, network } = scene.shard;
  for (const from of members) {
    for (const to of members) if (side.has(from) !== side.has(to)) network.cut(from.id, to.id);
  }
}

/** Mends the network after a while. */
export function healLater(scene: Scene, delayMs: number): void {
  later(scene, delayMs, () => scene.shard.network.heal());
}

/** The same after `low` to `high` election timeouts. */
function healBetween(scene: Scene, low: number, high: number): void {
  healLater(scene, scene.world.between(low, high) * scene.electionMs);
}

/** What is done to a {@link victim}; false when there is nothing to do. */
function toVictim(strike: (scene: Scene, place: SimMember) => boolean | void): Fault['run'] {
  return (scene) => {
    const place = victim(scene);
    return place !== null && strike(scene, place) !== false;
  };
}

/** What is done to the {@link leaderOf}; false when there is nothing to do. */
export function toLeader(
  strike: (scene: Scene, leader: SimMember) => boolean | void,
): Fault['run'] {
  return (scene) => {
    const leader = leaderOf(scene);
    return leader !== null && strike(scene, leader) !== false;
  };
}

/** What is done to a link of a {@link victim}, in one direction. */
function toLink(strike: (scene: Scene, from: SimMember, to: SimMember) => void): Fault['run'] {
  return toVictim((scene, place) => {
    const other = pick(scene, others(scene, place));
    if (other === null) return false;
    const [from, to] = scene.world.random.chance(0.5) ? [place, other] : [other, place];
    strike(scene, from, to);
    return true;
  });
}

/** A time around the election timeout: shorter than it as often as longer. */
export function aroundTimeout({ world, electionMs }: Scene): number {
  return electionMs * world.between(0.3, 2.5);
}

/** The disk is gone; the operator will replace the member. False when that would be one too many. */
export function lose(scene: Scene, place: SimMember): boolean {
  if (!scene.operator.mayLose(place)) return false;
  place.lost = true;
  scene.shard.observer.note(place, 'loses its disk');
  scene.shard.crash(place);
  return true;
}

/** Faults of processes and machines. */
const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: 'crash',
    weight: 8,
    run: toVictim((scene, place) => {
      crash(scene, place, scene.world.between(2, 400), scene.world.random.chance(0.5));
    }),
  },
  {
    name: 'crash of several',
    weight: 2,
    run: (scene) => {
      const downMs = scene.world.between(2, 200);
      for (const place of running(scene)) {
        if (scene.world.random.chance(0.7)) crash(scene, place, downMs, true);
      }
      return true;
    },
  },
  {
    name: 'pause',
    weight: 6,
    run: toVictim((scene, place) => {
      scene.shard.pause(place, aroundTimeout(scene));
    }),
  },
  {
    name: 'command thread stall',
    weight: 3,
    run: toVictim((scene, place) => {
      scene.shard.stall(place, scene.world.between(10, scene.electionMs * 4));
    }),
  },
  {
    name: 'suspended machine',
    weight: 4,
    run: toVictim((scene, place) => {
      if (place.clockInDoubt) return false;
      scene.shard.suspend(place, scene.world.between(0.02, 3) * scene.electionMs);
      return true;
    }),
  },
  {
    name: 'wall clock jump',
    weight: 2,
    run: (scene) => {
      const place = pick(scene, scene.shard.members);
      if (!scene.wallJumps || place === null) return false;
      place.clock.wallOffsetMs += scene.world.between(-10_000, 10_000);
      return true;
    },
  },
  {
    name: 'lull',
    weight: 3,
    run: (scene) => {
      scene.lull(scene.world.between(20, 100));
      return true;
    },
  },
];

/** Faults of links. */
const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'isolation',
    weight: 6,
    run: toVictim((scene, place) => {
      isolate(scene, place);
      healBetween(scene, 0.2, 5);
    }),
  },
  {
    name: 'one-way cut',
    weight: 4,
    run: toLink((scene, from, to) => {
      scene.shard.network.cut(from.id, to.id);
      healBetween(scene, 0.5, 6);
    }),
  },
  {
    name: 'deaf member',
    weight: 2,
    run: toVictim((scene, place) => {
      for (const other of others(scene, place)) scene.shard.network.cut(other.id, place.id);
      healBetween(scene, 0.5, 4);
    }),
  },
  {
    name: 'mute member',
    weight: 2,
    run: toVictim((scene, place) => {
      for (const other of others(scene, place)) scene.shard.network.cut(place.id, other.id);
      healBetween(scene, 0.5, 4);
    }),
  },
  {
    name: 'split',
    weight: 3,
    run: (scene) => {
      const side = scene.shard.members.filter(() => scene.world.random.chance(0.5));
      split(scene, new Set(side));
      healBetween(scene, 0.5, 5);
      return true;
    },
  },
  {
    name: 'slow link',
    weight: 4,
    run: toLink((scene, from, to) => {
      const upToMs = scene.world.between(5, scene.electionMs);
      scene.shard.network.slow(from.id, to.id, [upToMs / 2, upToMs]);
      healBetween(scene, 2, 6);
    }),
  },
  {
    name: 'healed network',
    weight: 4,
    run: (scene) => {
      scene.shard.network.heal();
      return true;
    },
  },
];

/** Faults of disks. */
const DISK_FAULTS: readonly Fault[] = [
  {
    name: 'slow disk',
    weight: 3,
    run: toVictim((scene, place) => {
      place.disk.syncMs = [5, scene.world.between(10, scene.electionMs)];
      later(scene, scene.world.between(100, 1000), () => {
        place.disk.syncMs = scene.syncMs;
      });
    }),
  },
  {
    name: 'failed sync',
    weight: 3,
    run: toVictim((scene, place) => {
      place.disk.failing = true;
      const { world } = scene;
      // the process starts again on the page cache; or the power fails first, and what was there alone is gone
      later(scene, world.between(20, 300), () => {
        if (place.member !== null) place.disk.failing = false;
        else if (world.random.chance(0.3)) place.disk.crash(true);
        startAgain(scene.shard, place);
      });
    }),
  },
  {
    name: 'disk that does not return',
    weight: 2,
    run: toVictim((scene, place) => {
      place.disk.stuck = true;
      later(scene, scene.world.between(100, 2000), () => {
        if (scene.world.random.chance(0.5)) place.disk.stuck = false;
        else crash(scene, place, 50, true);
      });
    }),
  },
  {
    name: 'full disk',
    weight: 2,
    run: toVictim((scene, place) => {
      // below the reserve, or nothing left at all
      place.disk.freeBytes = scene.world.random.chance(0.5) ? 1000 : 0;
      later(scene, scene.world.between(50, 800), () => {
        place.disk.freeBytes = place.disk.totalBytes;
      });
    }),
  },
  {
    name: 'bit flip in a durable record',
    weight: 2,
    run: (scene) => {
      const place = victim(scene);
      if (place === null || !scene.operator.mayLose(place)) return false;
      const { base, lastIndex, unmarkedFrom } = place.disk;
      // what nothing marks yet is the fault below
      const marked = (unmarkedFrom === 0 ? lastIndex : unmarkedFrom - 1) - base.index;
      if (marked <= 0) return false;
      // it is found at the next start; the disk is not to be counted on any more
      place.damaged = true;
      place.disk.damage(base.index + 1 + scene.world.random.below(marked));
      crash(scene, place, scene.world.between(2, 100), scene.world.random.chance(0.5));
      return true;
    },
  },
  {
    name: 'bit flip in the last record',
    weight: 2,
    run: (scene) => {
      const place = pick(
        scene,
        running(scene).filter((candidate) => mayCut(scene, candidate)),
      );
      if (place === null) return false;
      cutLast(scene, place);
      return true;
    },
  },
  {
    name: 'bit flip in a snapshot file',
    weight: 3,
    run: (scene) => {
      const place = victim(scene);
      const file = place === null ? null : pick(scene, place.disk.snapshots.files);
      if (place === null || file === null) return false;
      const { snapshots, base } = place.disk;
      const others = snapshots.whole.files.filter(
        ({ index }) => index !== file.index && index >= base.index,
      );
      if (base.index > 0 && others.length === 0) {
        if (!scene.operator.mayLose(place)) return false;
        place.damaged = true;
      }
      snapshots.damage(file.index);
      if (scene.world.random.chance(0.5)) crash(scene, place, scene.world.between(2, 100), true);
      return true;
    },
  },
  {
    name: 'lost disk',
    weight: 2,
    run: (scene) => {
      const place = victim(scene);
      return place !== null && lose(scene, place);
    },
  },
];

/** Damages the last batch, which is cut at the next start: soon. */
export function cutLast(scene: Scene, place: SimMember): void {
  place.damaged = true;
  place.disk.damage(place.disk.lastIndex);
  crash(scene, place, scene.world.between(2, 100), true);
}

/**
 * A last batch that is damaged before anything marks it is cut like a torn write (FORMAT.md, the limit of §6): that is
 * harmless only while a majority without this member has it.
 */
export function mayCut({ shard, operator }: Scene, place: SimMember): boolean {
  const from = place.disk.unmarkedFrom;
  const { lastIndex } = place.disk;
  if (from === 0 || from > lastIndex || !operator.mayLose(place)) return false;
  const term = place.disk.termAt(lastIndex);
  return shard.memberships().every(({ voters }) => {
    const holders = shard.members.filter(
      ({ id, disk, lost }) =>
        id !== place.id && !lost && voters.includes(id) && disk.termAt(lastIndex) === term,
    );
    return holders.length * 2 > voters.length;
  });
}

/** What the operator does at bad times. */
const OPERATOR_FAULTS: readonly Fault[] = [
  {
    name: 'hand-over',
    weight: 5,
    run: (scene) => {
      const leader = leaderOf(scene);
      const target = pick(scene, scene.operator.members);
      if (leader === null || target === null) return false;
      const named = scene.world.random.chance(0.5) ? target.id : '';
      scene.shard.ask(leader, (member) => {
        const { term, configIndex } = member.raft;
        void member.handOver({ term, configIndex, target: named, timeoutMs: 1000 });
      });
      return true;
    },
  },
  {
    name: 'one more member',
    weight: 2,
    run: (scene) => scene.operator.grow(scene.world.random.chance(0.7) ? 'data' : 'log'),
  },
  {
    name: 'one member less',
    weight: 2,
    run: (scene) => {
      const place = pick(scene, scene.operator.members);
      return place !== null && scene.operator.shrink(place);
    },
  },
];

export const PLAIN_FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...DISK_FAULTS,
  ...OPERATOR_FAULTS,
];
