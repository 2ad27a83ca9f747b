/**
 * Faults in a certain order: short schedules that single faults would seldom make, each aimed at one rule. They are
 * rows of the table of faults like any other.
 */
import {
  aroundTimeout,
  crash,
  cutLast,
  type Fault,
  healLater,
  isolate,
  later,
  leaderOf,
  lose,
  mayCut,
  others,
  pick,
  running,
  type Scene,
  split,
  toLeader,
} from './faults.ts';
import { type Moment, MOMENTS } from './moments.ts';
import type { SimMember } from './member.ts';

/** What may happen to whom at a nasty moment. */
const DEEDS: readonly ((scene: Scene, from: SimMember, to: SimMember | null) => void)[] = [
  (scene, from) => crash(scene, from, scene.world.between(2, 300), scene.world.random.chance(0.5)),
  (scene, from) => crash(scene, from, 1, true),
  (scene, _from, to) => {
    if (to !== null) crash(scene, to, scene.world.between(1, 50), true);
  },
  (scene, from) => {
    isolate(scene, from);
    healLater(scene, scene.world.between(1, 5) * scene.electionMs);
  },
  (scene, from) => {
    for (const other of others(scene, from)) scene.shard.network.cut(other.id, from.id);
    healLater(scene, scene.world.between(1, 3) * scene.electionMs);
  },
  (scene, from, to) => {
    split(scene, new Set(to === null ? [from] : [from, to]));
    healLater(scene, scene.world.between(1, 5) * scene.electionMs);
  },
  (scene, from) => scene.shard.pause(from, aroundTimeout(scene)),
  (scene, _from, to) => {
    if (to !== null) scene.shard.pause(to, aroundTimeout(scene));
  },
];

function arm(scene: Scene, moment: Moment): void {
  const deed = DEEDS[scene.world.random.below(DEEDS.length)];
  scene.moments.arm(moment, (from, to) => {
    if (!scene.active) return;
    scene.did(`at ${moment}`);
    deed(scene, from, to);
  });
}

/** The voters that run and do not lead. */
function followers(scene: Scene, leader: SimMember): SimMember[] {
  const voters: readonly string[] = leader.member?.raft.membership.voters ?? [];
  return running(scene).filter((place) => place !== leader && voters.includes(place.id));
}

/** What is done to a leader and one of its followers; false when there is nothing to do. */
function toFollower(
  strike: (scene: Scene, leader: SimMember, follower: SimMember) => void,
): Fault['run'] {
  return toLeader((scene, leader) => {
    const follower = pick(scene, followers(scene, leader));
    if (follower === null) return false;
    strike(scene, leader, follower);
    return true;
  });
}

/** How long clients are quiet before a {@link toLonely}, so that all members have the same. */
const REST_MS = 220;

/** What is done when a leader and a follower are cut off from each other; clients are quiet for `elections` more. */
function toLonely(
  elections: number,
  strike: (scene: Scene, leader: SimMember, lonely: SimMember) => void,
): Fault['run'] {
  return toFollower((scene, leader, lonely) => {
    scene.lull(REST_MS + elections * scene.electionMs);
    later(scene, REST_MS, () => {
      scene.shard.network.cut(leader.id, lonely.id);
      scene.shard.network.cut(lonely.id, leader.id);
      strike(scene, leader, lonely);
    });
  });
}

export const SCENARIOS: readonly Fault[] = [
  {
    name: 'nasty moment',
    weight: 10,
    run: (scene) => {
      arm(scene, MOMENTS[scene.world.random.below(MOMENTS.length)]);
      return true;
    },
  },
  {
    // a member that has just started must remember that it may have promised something
    name: 'forgotten promises',
    weight: 3,
    calm: 7,
    // nothing is written meanwhile, so that the lonely one may be elected
    run: toLonely(3, (scene, leader, lonely) => {
      const { electionMs } = scene;
      const { network } = scene.shard;
      // what it asks for is long on its way: when it comes the others have forgotten, and the leader has not
      for (const place of followers(scene, leader)) {
        network.slow(lonely.id, place.id, [0.05 * electionMs, 0.15 * electionMs]);
      }
      scene.moments.arm('pre-vote', (from) => {
        if (!scene.active || from !== lonely) return;
        isolate(scene, leader);
        for (const place of followers(scene, leader)) {
          if (place !== lonely) crash(scene, place, scene.world.between(0.5, 4), true);
        }
        healLater(scene, 2 * electionMs);
      });
    }),
  },
  {
    // command threads that are held up, while their pulses go on promising
    name: 'pulses of held-up threads',
    weight: 3,
    calm: 7,
    run: toLonely(4, (scene, leader, lonely) => {
      const { electionMs, shard } = scene;
      shard.stall(leader, 2.5 * electionMs);
      const held = followers(scene, leader).filter((place) => place !== lonely);
      // when all that was on its way has come
      later(scene, 25, () => {
        for (const place of held) shard.stall(place, 2.5 * electionMs);
      });
      // what their command threads themselves promised is over when somebody would stand
      scene.moments.arm('pre-vote', () => {
        later(scene, scene.world.between(2, 10), () => {
          for (const place of held) shard.endStall(place);
        });
      });
      // whoever said that it would vote is held up once more, until it is asked to; the leader hears of nothing
      scene.moments.arm('pre-vote-granted', (from) => {
        if (!scene.active) return;
        shard.stall(from, scene.world.between(0.1, 0.4) * electionMs);
        for (const place of held) shard.network.cut(place.id, leader.id);
        later(scene, scene.world.between(0.2, 0.6) * electionMs, () => shard.endStall(leader));
      });
      healLater(scene, 4 * electionMs);
    }),
  },
  {
    // a lease runs from when a round was sent, not from when its answers came
    name: 'slow answers before a cut',
    weight: 3,
    calm: 4,
    run: toLeader((scene, leader) => {
      const lagMs = scene.world.between(0.3, 0.75) * scene.electionMs;
      for (const other of others(scene, leader)) {
        scene.shard.network.slow(other.id, leader.id, [lagMs * 0.9, lagMs]);
      }
      later(scene, scene.world.between(1, 2) * scene.electionMs, () => {
        for (const other of others(scene, leader)) scene.shard.network.cut(leader.id, other.id);
        healLater(scene, 3 * scene.electionMs);
      });
    }),
  },
  {
    // who leads without hearing that it was replaced
    name: 'deaf leader hands over',
    weight: 3,
    calm: 2,
    run: toLeader((scene, leader) => {
      scene.moments.arm('timeout-now', (from) => {
        if (!scene.active) return;
        for (const other of others(scene, from)) scene.shard.network.cut(other.id, from.id);
        healLater(scene, 2 * scene.electionMs);
      });
      scene.shard.ask(leader, (member) => {
        const { term, configIndex } = member.raft;
        void member.handOver({ term, configIndex, target: '', timeoutMs: 1000 });
      });
    }),
  },
  {
    // a leader and whoever just joined on one side, the others on the other
    name: 'split at a change of members',
    weight: 3,
    calm: 3,
    run: (scene) => {
      scene.operator.onChange = (leader, { id }) => {
        if (!scene.active || !scene.world.random.chance(0.5)) return;
        const newcomer = scene.shard.members.find((place) => place.id === id);
        const side = new Set(newcomer === undefined ? [leader] : [leader, newcomer]);
        scene.world.after(0, () => split(scene, side));
        healLater(scene, 3 * scene.electionMs);
        scene.operator.onChange = () => {};
      };
      return scene.operator.grow('data');
    },
  },
  {
    // two of three have an entry; one of them loses its disk, the other its power
    name: 'disk lost of a small majority',
    weight: 3,
    calm: 3,
    run: toFollower((scene, leader, lagging) => {
      for (const other of others(scene, lagging)) scene.shard.network.cut(other.id, lagging.id);
      later(scene, scene.world.between(10, 0.8 * scene.electionMs), () => {
        const holder = pick(
          scene,
          followers(scene, leader).filter((place) => place !== lagging),
        );
        if (holder === null || !lose(scene, holder)) return;
        crash(scene, leader, scene.world.between(1, 4) * scene.electionMs, true);
        scene.shard.network.heal();
      });
    }),
  },
  {
    // an old leader's entries are replaced by the new one's; then its disk forgets that, and has the old ones again
    name: 'a replaced tail comes back',
    weight: 3,
    calm: 7,
    run: toLeader((scene, leader) => {
      const { world, electionMs } = scene;
      isolate(scene, leader);
      later(scene, scene.world.between(2, 4) * electionMs, () => {
        scene.shard.network.heal();
        const untilMs = world.nowMs + 2 * electionMs;
        const look = (): void => {
          if (leader.disk.unmarkedDropped > 0 && mayCut(scene, leader)) cutLast(scene, leader);
          else if (world.nowMs < untilMs) later(scene, 0.5, look);
        };
        look();
      });
    }),
  },
  {
    // a leader that stays alone with entries, another one that commits others, and the first one again
    name: 'leaders that take turns',
    weight: 3,
    calm: 4,
    run: (scene) => {
      let turns = 3 + scene.world.random.below(3);
      const turn = (): void => {
        const leader = leaderOf(scene);
        if (leader !== null) crash(scene, leader, scene.electionMs * 1.5, true);
        if (--turns > 0) later(scene, scene.world.between(0.5, 2.5) * scene.electionMs, turn);
      };
      turn();
      return true;
    },
  },
];
