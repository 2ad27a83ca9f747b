/** Membership changes (SPEC R8): the arithmetic, the rules for proposing one, and what each member makes of it. */
import { expect, test } from 'vitest';
import { ENTRY_CONFIG } from './entry.ts';
import {
  changeMembership,
  decodeMembership,
  encodeMembership,
  MembershipHistory,
  type MembershipChange,
  type MembershipOutcome,
} from './membership.ts';
import { entry, Solo } from './testing/solo.ts';

function leader(voters = 'abc', learners = ''): Solo {
  const a = new Solo(voters, { learners });
  a.lead();
  for (const id of `${voters}${learners}`) if (id !== 'a') a.ack(id);
  return a;
}

function change(
  a: Solo,
  kind: MembershipChange['kind'],
  id: string,
  from = a.raft.configIndex,
): MembershipOutcome {
  const outcome = a.raft.proposeMembership({ kind, id }, from, a.nowMs);
  a.act();
  return outcome;
}

test('a change moves one member, or is none', () => {
  const now = { voters: ['a', 'b'], learners: ['c'] };
  expect(changeMembership(now, { kind: 'add-learner', id: 'd' })?.learners).toEqual(['c', 'd']);
  expect(changeMembership(now, { kind: 'add-learner', id: 'a' })).toBeNull();
  expect(changeMembership(now, { kind: 'add-learner', id: '' })).toBeNull();
  expect(changeMembership(now, { kind: 'promote', id: 'c' })).toEqual({
    voters: ['a', 'b', 'c'],
    learners: [],
  });
  expect(changeMembership(now, { kind: 'promote', id: 'b' })).toBeNull();
  expect(changeMembership(now, { kind: 'remove', id: 'a' })?.voters).toEqual(['b']);
  expect(changeMembership(now, { kind: 'remove', id: 'x' })).toBeNull();
  const last = { voters: ['a'], learners: ['c'] };
  expect(changeMembership(last, { kind: 'remove', id: 'a' })).toBeNull();
  const full = { voters: Array.from({ length: 15 }, (_, i) => `v${i}`), learners: ['c'] };
  expect(changeMembership(full, { kind: 'promote', id: 'c' })).toBeNull();
  expect(decodeMembership(encodeMembership(now))).toEqual(now);
});

test('the newest config in the log counts, until it is cut off', () => {
  const history = new MembershipHistory(0, { voters: ['a'], learners: [] });
  history.add(5, { voters: ['a'], learners: ['b'] });
  history.add(9, { voters: ['a', 'b'], learners: [] });
  expect([history.index, history.current.voters]).toEqual([9, ['a', 'b']]);
  history.applied(5);
  history.truncate(9);
  expect([history.index, history.current.learners]).toEqual([5, ['b']]);
});

test('§4.1 a config counts when it is appended, and the one before when it is cut off', () => {
  const a = new Solo('abc', { log: [1] });
  const payload = encodeMembership({ voters: ['a', 'b', 'c', 'd'], learners: [] });
  const config = { index: 2, term: 2, kind: ENTRY_CONFIG, payload };
  const at = { term: 2, prevIndex: 1, prevTerm: 1, commit: 0, sentMs: 0 };
  a.hear('append', 'b', { ...at, entries: [config] });
  expect([a.raft.configIndex, a.raft.membership.voters.length]).toEqual([2, 4]);
  a.sync();
  a.restart();
  expect([a.raft.configIndex, a.raft.membership.voters.length]).toEqual([2, 4]);
  a.hear('append', 'c', { ...at, term: 3, entries: [entry(2, 3)] });
  expect([a.raft.configIndex, a.raft.membership.voters.length]).toEqual([0, 3]);
});

test('§4.1 a change is refused when another is pending or none of the own term is committed', () => {
  const a = new Solo();
  expect(change(a, 'add-learner', 'd')).toEqual({ refused: 'NotLeader' });
  a.lead();
  expect(change(a, 'add-learner', 'd')).toEqual({ refused: 'OwnTermUncommitted' });
  a.ack('b');
  expect(change(a, 'add-learner', 'd')).toEqual({ index: 2 });
  expect(change(a, 'add-learner', 'e')).toEqual({ refused: 'ChangePending' });
  a.sync();
  a.ack('b');
  expect(change(a, 'add-learner', 'e')).toEqual({ index: 3 });
});

test('a change is refused when it was planned from another config, or during a hand-over', () => {
  const a = leader();
  expect(change(a, 'add-learner', 'd', 1)).toEqual({ refused: 'StaleConfig' });
  a.raft.transferTo('b', a.nowMs);
  expect(change(a, 'add-learner', 'd')).toEqual({ refused: 'Transferring' });
});

test('§4.2.1 a learner gets the log and counts for nothing; it is promoted once it has it', () => {
  const a = leader('abc', 'd');
  a.take('append');
  const index = a.propose(2000);
  a.propose(2000);
  expect(a.take('append').map(({ to }) => to)).toEqual(['b', 'c', 'd', 'b', 'c', 'd']);
  a.propose();
  a.sync();
  a.ack('d');
  expect(a.raft.commitIndex).toBe(index - 1);
  a.ack('b');
  expect(change(a, 'promote', 'e')).toEqual({ refused: 'InvalidChange' });
  a.pass(60);
  a.hear('heartbeat-reply', 'b', { sentMs: a.nowMs });
  a.pass(60);
  a.hear('heartbeat-reply', 'b', { sentMs: a.nowMs });
  expect(change(a, 'promote', 'd'), 'it is out of touch').toEqual({ refused: 'NotCaughtUp' });
  a.hear('heartbeat-reply', 'd', { sentMs: a.nowMs });
  expect(change(a, 'promote', 'd')).toHaveProperty('index');
  expect(a.raft.progress().find(({ id }) => id === 'd')?.learner).toBe(false);
});

test('a change that leaves no live, caught-up majority is refused', () => {
  const a = leader('abcd');
  for (let i = 0; i < 12; i++) {
    a.pass(10);
    a.hear('heartbeat-reply', 'b', { sentMs: a.nowMs });
    if (i < 8) a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  }
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  expect(change(a, 'remove', 'b')).toEqual({ index: 2 });
  const b = leader('abc');
  for (let i = 0; i < 12; i++) {
    b.pass(10);
    b.hear('heartbeat-reply', 'b', { sentMs: b.nowMs });
  }
  expect(change(b, 'remove', 'b'), 'c is silent').toEqual({ refused: 'NoLiveMajority' });
  expect(change(b, 'remove', 'c')).toEqual({ index: 2 });
});

test('§4.2.2 a leader does not remove itself: it hands over first', () => {
  const a = leader();
  expect(change(a, 'remove', 'a')).toEqual({ refused: 'InvalidChange' });
});

test('who is no voter does not stand', () => {
  const a = new Solo('bcd', { learners: 'a' });
  a.pass(2000);
  expect(a.raft.role).toBe('follower');
  a.hear('timeout-now', 'b', {});
  expect(a.raft.role).toBe('follower');
});
