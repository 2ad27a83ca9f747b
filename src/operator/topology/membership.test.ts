import { expect, test } from 'vitest';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import {
  type MembershipStep,
  nextMembershipStep,
  type Seat,
  type SeatFollower,
  type SeatStatus,
} from './membership.ts';

const RECORD = {
  voters: [
    { name: 's-1', memberId: 'a1' },
    { name: 's-2', memberId: 'b1' },
    { name: 's-3', memberId: 'c1' },
  ],
};

interface Config {
  readonly voters: readonly string[];
  readonly learners?: readonly string[];
  readonly followers?: readonly SeatFollower[];
  readonly configIndex?: number;
  readonly commitIndex?: number;
}

function follower(memberId: string, changes: Partial<SeatFollower> = {}): SeatFollower {
  return { memberId, name: '', caughtUp: true, lostLog: false, ...changes };
}

/** a1 of s-1 leads in term 4 and says this. */
function leads(config: Config): Seat {
  const { voters, learners = [], configIndex = 7, commitIndex = 9 } = config;
  const others = [...voters, ...learners].filter((id) => id !== 'a1');
  const followers = config.followers ?? others.map((id) => follower(id));
  return {
    name: 's-1',
    status: {
      memberId: 'a1',
      formed: true,
      term: 4,
      leader: 'a1',
      lease: true,
      commitIndex,
      configIndex,
      voters,
      learners,
      followers,
    },
  };
}

function follows(name: string, memberId: string, changes: Partial<SeatStatus> = {}): Seat {
  return {
    name,
    status: {
      memberId,
      formed: true,
      term: 4,
      leader: 'a1',
      lease: false,
      commitIndex: 9,
      configIndex: 0,
      voters: ['a1', 'b1', 'c1'],
      learners: [],
      followers: [],
      ...changes,
    },
  };
}

function empty(name: string, memberId: string): Seat {
  return follows(name, memberId, { formed: false, term: 0, leader: '', voters: [] });
}

function silent(name: string): Seat {
  return { name, status: null };
}

function next(...seats: Seat[]): MembershipStep {
  return nextMembershipStep(RECORD, seats);
}

const HEALTHY = { voters: ['a1', 'b1', 'c1'] };
const PLANNED = { leader: 's-1', configIndex: 7, term: 4 };

test('a shard whose members all vote is left alone, also while one of them is down', () => {
  expect(next(leads(HEALTHY), follows('s-2', 'b1'), follows('s-3', 'c1'))).toEqual({
    step: 'settled',
  });
  expect(next(leads(HEALTHY), silent('s-2'), follows('s-3', 'c1'))).toEqual({ step: 'settled' });
});

test('an empty disk joins, listens, votes when it has the log, and then takes the old place', () => {
  expect(next(leads(HEALTHY), empty('s-2', 'b2'), follows('s-3', 'c1'))).toEqual({
    step: 'join',
    member: 's-2',
  });
  expect(next(leads(HEALTHY), follows('s-2', 'b2'), follows('s-3', 'c1'))).toEqual({
    step: 'change',
    change: 'add-learner',
    memberId: 'b2',
    member: 's-2',
    ...PLANNED,
  });
  const learner = { ...HEALTHY, learners: ['b2'] };
  const followers = [
    follower('b1', { caughtUp: false }),
    follower('c1'),
    follower('b2', { caughtUp: false }),
  ];
  const rest = [follows('s-2', 'b2', { learners: ['b2'] }), follows('s-3', 'c1')];
  expect(next(leads({ ...learner, followers }), ...rest)).toEqual({
    step: 'wait',
    why: 's-2 catches up',
  });
  expect(next(leads(learner), ...rest)).toEqual({
    step: 'change',
    change: 'promote',
    memberId: 'b2',
    member: 's-2',
    ...PLANNED,
  });
  expect(next(leads({ voters: ['a1', 'b1', 'c1', 'b2'] }), ...rest)).toEqual({
    step: 'change',
    change: 'remove',
    memberId: 'b1',
    member: 's-2',
    ...PLANNED,
  });
  expect(next(leads({ voters: ['a1', 'c1', 'b2'] }), ...rest)).toEqual({ step: 'settled' });
});

test('nothing is planned while a change is not committed, or nobody leads', () => {
  const pending = { ...HEALTHY, learners: ['b2'], configIndex: 10, commitIndex: 9 };
  const rest = [follows('s-2', 'b2'), follows('s-3', 'c1')];
  expect(next(leads(pending), ...rest)).toEqual({
    step: 'wait',
    why: 'the change at 10 is not committed yet',
  });
  expect(next(silent('s-1'), ...rest)).toEqual({ step: 'leaderless' });
  expect(next(silent('s-1'), empty('s-2', 'b2'), follows('s-3', 'c1'))).toEqual({
    step: 'leaderless',
  });
});

test('who leads without a lease, or in an older term than another, is not asked', () => {
  const alone = leads(HEALTHY);
  const noLease = { name: 's-1', status: { ...(alone.status as SeatStatus), lease: false } };
  expect(next(noLease, empty('s-2', 'b2'), follows('s-3', 'c1'))).toEqual({ step: 'leaderless' });
  const newer = follows('s-3', 'c1', { term: 5, leader: 'c1', lease: true, configIndex: 8 });
  expect(next(alone, follows('s-2', 'b2'), newer)).toMatchObject({
    change: 'add-learner',
    leader: 's-3',
    configIndex: 8,
    term: 5,
  });
});

test('nobody is promoted or removed where the rest has no majority in touch', () => {
  const rest = [follows('s-2', 'b2'), follows('s-3', 'c1')];
  const late = follower('c1', { caughtUp: false });
  const learner = {
    voters: ['a1', 'b1', 'c1'],
    learners: ['b2'],
    followers: [follower('b1', { caughtUp: false }), late, follower('b2')],
  };
  expect(next(leads(learner), ...rest)).toMatchObject({ step: 'wait' });
  const promoted = {
    voters: ['a1', 'b1', 'c1', 'b2'],
    followers: [follower('b1', { caughtUp: false }), late, follower('b2', { caughtUp: false })],
  };
  expect(next(leads(promoted), ...rest)).toMatchObject({ step: 'wait' });
});

test('a memberId that may be the one of a silent member is never removed', () => {
  const config = { voters: ['a1', 'c1', 'b2', 'x'] };
  // x was once at s-3 or is s-3's now: only s-3 can tell, or who has heard of x
  expect(next(leads(config), follows('s-2', 'b2'), silent('s-3'))).toEqual({ step: 'settled' });
  const followers = [
    follower('c1', { caughtUp: false }),
    follower('b2'),
    follower('x', { name: 's-2' }),
  ];
  expect(next(leads({ ...config, followers }), follows('s-2', 'b2'), silent('s-3'))).toMatchObject({
    change: 'remove',
    memberId: 'x',
    member: 's-2',
  });
  expect(next(leads(config), follows('s-2', 'b2'), follows('s-3', 'c1'))).toMatchObject({
    change: 'remove',
    memberId: 'x',
    member: '',
  });
});

test('a disk that is lost again before its promotion leaves no learner behind', () => {
  const config = { ...HEALTHY, learners: ['b2'], followers: [follower('b2', { name: 's-2' })] };
  expect(next(leads(config), empty('s-2', 'b3'), follows('s-3', 'c1'))).toMatchObject({
    change: 'remove',
    memberId: 'b2',
  });
});

test('a learner that does not answer for a while stays one', () => {
  const config = { ...HEALTHY, learners: ['b2'], followers: [follower('b2', { name: 's-2' })] };
  expect(next(leads(config), silent('s-2'), follows('s-3', 'c1'))).toEqual({ step: 'settled' });
});

test('a removed member that comes back gives its memberId up, and so does one whose disk was set back', () => {
  const replaced = { voters: ['a1', 'c1', 'b2'] };
  const aside = { step: 'set-aside', member: 's-2', configIndex: 7, term: 4 };
  expect(next(leads(replaced), follows('s-2', 'b1'), follows('s-3', 'c1'))).toEqual({
    ...aside,
    memberId: 'b1',
    reason: 'removed',
  });
  const followers = [follower('b1', { caughtUp: false, lostLog: true }), follower('c1')];
  const setBack = { ...HEALTHY, followers };
  expect(next(leads(setBack), follows('s-2', 'b1'), follows('s-3', 'c1'))).toEqual({
    ...aside,
    memberId: 'b1',
    reason: 'lost-log',
  });
  const alone = { ...HEALTHY, followers: [followers[0], follower('c1', { caughtUp: false })] };
  expect(next(leads(alone), follows('s-2', 'b1'), silent('s-3'))).toMatchObject({ step: 'wait' });
});

test('a member that still opens its log is not let in: it may be one that was removed', () => {
  const replaced = { voters: ['a1', 'c1', 'b2'] };
  const opening = follows('s-2', 'b1', { voters: [], term: 0, leader: '' });
  expect(next(leads(replaced), opening, follows('s-3', 'c1'))).toEqual({ step: 'settled' });
});

test('the first voters are bootstrapped, not joined', () => {
  expect(next(leads(HEALTHY), empty('s-2', 'b1'), follows('s-3', 'c1'))).toEqual({
    step: 'settled',
  });
});

test('a member of an earlier version that does not say who has caught up is not relied on', () => {
  const { status, name } = leads({ ...HEALTHY, learners: ['b2'] });
  const { followers: _, ...older } = status as SeatStatus;
  const seats = [{ name, status: older }, follows('s-2', 'b2'), follows('s-3', 'c1')];
  expect(nextMembershipStep(RECORD, seats)).toMatchObject({ step: 'wait' });
});

/** A shard as its steps see it: commits at once, and knows who is there. */
class Model {
  readonly disks = ['a1', 'b1', 'c1'];
  readonly formed = new Set(this.disks);
  voters: readonly string[] = this.disks.slice();
  learners: readonly string[] = [];
  configIndex = 0;
  lost = 0;
  steps = 0;

  /** Seat `leader` leads; those in `down` do not answer. */
  look(leader: number, down: ReadonlySet<number>, caughtUp: boolean): Seat[] {
    const here = (id: string): boolean => {
      const seat = this.disks.indexOf(id);
      return seat >= 0 && !down.has(seat) && this.formed.has(id);
    };
    const { voters, learners, configIndex } = this;
    return this.disks.map((memberId, at): Seat => {
      if (down.has(at)) return silent(`s-${at + 1}`);
      const members = [...voters, ...learners].filter((id) => id !== memberId);
      const status: SeatStatus = {
        memberId,
        formed: this.formed.has(memberId),
        term: 4,
        leader: this.disks[leader],
        lease: at === leader,
        commitIndex: 1000,
        configIndex,
        voters,
        learners,
        followers: members.map((id) => follower(id, { caughtUp: here(id) && caughtUp })),
      };
      return { name: `s-${at + 1}`, status };
    });
  }

  do(step: MembershipStep): void {
    if (step.step === 'join') this.formed.add(this.disks[Number(step.member.slice(2)) - 1]);
    if (step.step !== 'change') return;
    this.steps++;
    const { memberId } = step;
    invariant(step.configIndex === this.configIndex, 'a step names the present config');
    this.configIndex++;
    if (step.change === 'add-learner') this.learners = [...this.learners, memberId];
    if (step.change === 'promote') this.voters = [...this.voters, memberId];
    if (step.change === 'remove') {
      invariant(!this.disks.includes(memberId), 'nobody who is there is removed');
      this.voters = this.voters.filter((id) => id !== memberId);
    }
    if (step.change !== 'add-learner') {
      this.learners = this.learners.filter((id) => id !== memberId);
    }
  }
}

test('whatever disks are lost, one after another, every seat votes in the end and nobody else', () => {
  let steps = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Prng(seed);
    const model = new Model();
    const live = (at: number, down: ReadonlySet<number>): boolean =>
      !down.has(at) && model.voters.includes(model.disks[at]);
    for (let turn = 0; turn < 60; turn++) {
      const down = new Set(random.chance(0.3) ? [random.below(3)] : []);
      const leaders = [0, 1, 2].filter((at) => live(at, down));
      const enough = leaders.length > model.voters.length / 2;
      if (enough) {
        const leader = leaders[random.below(leaders.length)];
        model.do(nextMembershipStep(RECORD, model.look(leader, down, random.chance(0.7))));
      }
      // a disk is lost only where the others go on
      const settled =
        model.voters.length === 3 && model.disks.every((id) => model.voters.includes(id));
      const learning = model.disks.filter((id) => !model.voters.includes(id));
      const at = settled ? random.below(3) : model.disks.indexOf(learning[0] ?? '');
      if (at >= 0 && random.chance(0.1)) model.disks[at] = `${'abc'[at]}${2 + model.lost++}`;
    }
    for (let turn = 0; turn < 20; turn++) {
      const leader = [0, 1, 2].find((at) => live(at, new Set())) ?? 0;
      model.do(nextMembershipStep(RECORD, model.look(leader, new Set(), true)));
    }
    expect(model.voters.toSorted(), `seed ${seed}`).toEqual(model.disks.toSorted());
    expect(model.learners, `seed ${seed}`).toEqual([]);
    steps += model.steps;
  }
  expect(steps).toBeGreaterThan(1000);
});
