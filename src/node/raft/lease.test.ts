/** Lease, promise and hand-over (SPEC R6), one member at a time. */
import { expect, test } from 'vitest';
import { Lease } from './lease.ts';
import { NOTHING_SENT_MS } from './message.ts';
import { Solo, TIMEOUT_MS } from './testing/solo.ts';

const LEASE_MS = 0.8 * TIMEOUT_MS;
const ASK = { lastIndex: 9, lastTerm: 9 };

/** A leader whose followers answered everything a moment ago. */
function leader(voters = 'abc', learners = ''): Solo {
  const a = new Solo(voters, { learners });
  a.lead();
  for (const id of `${voters}${learners}`) if (id !== 'a') a.ack(id);
  a.sync();
  a.take('append');
  return a;
}

test('§6.4.1 a lease runs from the send time of the round that a majority answered', () => {
  const a = new Solo('abcde');
  a.lead();
  const sentMs = a.nowMs;
  expect(a.raft.leaseValid(a.nowMs)).toBe(false);
  a.pass(30);
  a.hear('heartbeat-reply', 'b', { sentMs });
  expect(a.raft.leaseValid(a.nowMs), 'two of five').toBe(false);
  a.hear('heartbeat-reply', 'c', { sentMs: sentMs + 10 });
  expect(a.raft.leaseValid(sentMs + LEASE_MS - 1)).toBe(true);
  expect(a.raft.leaseValid(sentMs + LEASE_MS)).toBe(false);
  a.hear('heartbeat-reply', 'b', { sentMs: sentMs + 20 });
  a.hear('heartbeat-reply', 'c', { sentMs });
  expect(a.raft.leaseValid(sentMs + 10 + LEASE_MS - 1), 'rounds may overlap').toBe(true);
  expect(a.raft.leaseValid(sentMs + 10 + LEASE_MS)).toBe(false);
});

test('§6.4.1 an answered append counts like a heartbeat, also a refused one', () => {
  const a = new Solo();
  a.lead();
  const sentMs = a.nowMs;
  a.pass(20);
  const refusal = { accepted: false, index: 0, hintIndex: 0, hintTerm: 0 };
  a.hear('append-reply', 'b', { ...refusal, sentMs });
  expect(a.raft.leaseValid(sentMs + LEASE_MS - 1)).toBe(true);
  expect(a.raft.leaseValid(sentMs + LEASE_MS)).toBe(false);
});

test('an answer to a leader of an earlier term, or to an earlier process, makes no lease', () => {
  const a = new Solo();
  a.hear('heartbeat', 'b', { term: 2, commit: 0, commitTerm: 0, sentMs: 0 });
  a.take('heartbeat-reply');
  a.hear('heartbeat', 'c', { term: 1, commit: 0, commitTerm: 0, sentMs: 5 });
  const [{ term, sentMs }] = a.take('heartbeat-reply');
  expect([term, sentMs]).toEqual([2, NOTHING_SENT_MS]);
  // c has come to lead term 2 by when it reads that, or it has started again and its clock with it
  const c = new Solo('abc', { term: 1 });
  c.lead();
  expect(c.raft.term).toBe(2);
  const startedMs = c.nowMs;
  c.pass(10);
  for (const ms of [sentMs, startedMs - 1, c.nowMs + 1, c.nowMs + 1e6]) {
    c.hear('heartbeat-reply', 'b', { sentMs: ms });
    expect(c.raft.leaseValid(c.nowMs)).toBe(false);
  }
  expect(c.raft.progress()[0].lastContactMs).toBe(c.nowMs);
  c.hear('heartbeat-reply', 'b', { sentMs: startedMs });
  expect(c.raft.leaseValid(c.nowMs)).toBe(true);
});

test('a learner’s answer makes no lease, and a promoted one’s is needed', () => {
  const a = leader('ab', 'c');
  a.pass(LEASE_MS);
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  expect(a.raft.leaseValid(a.nowMs)).toBe(false);
  const b = leader('a', 'c');
  b.pass(LEASE_MS);
  b.ack('c', b.raft.lastIndex, b.nowMs - LEASE_MS);
  expect(b.raft.leaseValid(b.nowMs)).toBe(true);
  b.raft.proposeMembership({ kind: 'promote', id: 'c' }, 0, b.nowMs);
  expect(b.raft.membership.voters).toEqual(['a', 'c']);
  expect(b.raft.leaseValid(b.nowMs)).toBe(false);
  b.hear('heartbeat-reply', 'c', { sentMs: b.nowMs });
  expect(b.raft.leaseValid(b.nowMs)).toBe(true);
});

test('a lease that was dropped comes back with a round that starts later', () => {
  const a = leader();
  a.raft.dropLease(a.nowMs);
  expect(a.raft.leaseValid(a.nowMs)).toBe(false);
  const droppedMs = a.nowMs;
  a.pass(10);
  a.hear('heartbeat-reply', 'b', { sentMs: droppedMs });
  expect(a.raft.leaseValid(a.nowMs)).toBe(false);
  a.hear('heartbeat-reply', 'b', { sentMs: droppedMs + 1 });
  expect(a.raft.leaseValid(a.nowMs)).toBe(true);
  const lease = new Lease(10);
  lease.renew(100);
  lease.surrender();
  lease.renew(200);
  expect(lease.valid(201)).toBe(false);
});

test('a member that answered a leader votes for nobody for an election timeout', () => {
  const a = new Solo();
  a.pass(TIMEOUT_MS - 5);
  a.hear('heartbeat', 'b', { term: 1, commit: 0, commitTerm: 0, sentMs: 0 });
  a.nowMs += TIMEOUT_MS - 1;
  a.hear('pre-vote', 'c', { ...ASK, term: 2 });
  a.hear('vote', 'c', { ...ASK, term: 2, handOver: false });
  expect(a.raft.term).toBe(1);
  expect(a.take('pre-vote-reply')).toEqual([]);
  a.nowMs += 1;
  a.hear('pre-vote', 'c', { ...ASK, term: 2 });
  a.hear('vote', 'c', { ...ASK, term: 2, handOver: false });
  a.sync();
  expect([a.raft.term, a.take('vote-reply')[0].granted]).toEqual([2, true]);
});

test('an append is promised on like a heartbeat', () => {
  const a = new Solo();
  a.nowMs += TIMEOUT_MS;
  const nothing = { prevIndex: 5, prevTerm: 1, commit: 0, sentMs: 0, entries: [] };
  a.hear('append', 'b', { ...nothing, term: 1 });
  a.hear('vote', 'c', { ...ASK, term: 2, handOver: false });
  expect([a.raft.term, a.raft.leaderId]).toEqual([1, 'b']);
});

test('a member that has just started votes for nobody for an election timeout', () => {
  const a = new Solo();
  a.nowMs += TIMEOUT_MS - 1;
  a.hear('pre-vote', 'b', { ...ASK, term: 1 });
  a.hear('vote', 'b', { ...ASK, term: 1, handOver: false });
  a.sync();
  expect([a.raft.term, a.take('pre-vote-reply')]).toEqual([0, []]);
});

test('§4.2.3 a removed member that asks for votes deposes no leader', () => {
  const a = leader();
  a.hear('vote', 'z', { ...ASK, term: 99, handOver: false });
  a.hear('pre-vote', 'z', { ...ASK, term: 99 });
  a.hear('heartbeat-reply', 'z', { term: 99, sentMs: 0 });
  a.hear('append-reply', 'z', {
    term: 99,
    sentMs: 0,
    accepted: true,
    index: 1,
    hintIndex: 0,
    hintTerm: 0,
  });
  expect([a.raft.role, a.raft.term]).toEqual(['leader', 1]);
});

test('§3.10 a target that has everything is told to stand at once; the lease ends there', () => {
  const a = leader();
  expect(a.raft.leaseValid(a.nowMs)).toBe(true);
  expect(a.raft.transferTo('z', a.nowMs)).toBe(false);
  expect(a.raft.transferTo('a', a.nowMs)).toBe(false);
  expect(a.raft.transferTo('b', a.nowMs)).toBe(true);
  expect(a.raft.transferTo('c', a.nowMs), 'one at a time').toBe(false);
  a.act();
  expect(a.take('timeout-now')).toMatchObject([{ to: 'b', term: 1 }]);
  expect(a.raft.transferring).toBe(true);
  expect(a.propose(), 'nothing is proposed meanwhile').toBe(0);
  a.hear('heartbeat-reply', 'b', { sentMs: a.nowMs });
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  expect(a.raft.leaseValid(a.nowMs), 'no lease in this term any more').toBe(false);
});

test('§3.10 a target that lacks entries is told once it has them on disk', () => {
  const a = leader();
  const index = a.propose();
  a.raft.transferTo('b', a.nowMs);
  a.ack('b', index - 1);
  expect(a.take('timeout-now')).toEqual([]);
  expect(a.raft.leaseValid(a.nowMs)).toBe(true);
  a.ack('b', index);
  expect(a.take('timeout-now')).toMatchObject([{ to: 'b' }]);
});

test('§3.10 a target that does not catch up in time is never told, and the leader leads on', () => {
  const a = leader();
  a.propose();
  a.raft.transferTo('b', a.nowMs);
  for (let i = 0; i < 11; i++) {
    a.pass(10);
    a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  }
  expect([a.raft.role, a.raft.term, a.raft.transferring]).toEqual(['leader', 1, false]);
  expect(a.raft.leaseValid(a.nowMs)).toBe(true);
  expect(a.propose()).toBeGreaterThan(0);
});

test('§3.10 a leader whose target does not win in time stands in a higher term', () => {
  const a = leader();
  a.raft.transferTo('b', a.nowMs);
  a.act();
  for (let i = 0; i < 11; i++) {
    a.pass(10);
    if (a.raft.role === 'leader') a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  }
  expect([a.raft.role, a.raft.term]).toEqual(['candidate', 2]);
  a.sync();
  expect(a.take('vote')).toMatchObject([
    { to: 'b', term: 2, handOver: true },
    { to: 'c', term: 2, handOver: true },
  ]);
});

test('§3.10 who is told to stand does so past all promises; told late, not at all', () => {
  const a = new Solo();
  a.hear('heartbeat', 'b', { term: 3, commit: 0, commitTerm: 0, sentMs: 0 });
  a.hear('timeout-now', 'b', { term: 2 });
  expect(a.raft.role).toBe('follower');
  a.hear('timeout-now', 'b', { term: 3 });
  expect([a.raft.role, a.raft.term]).toEqual(['candidate', 4]);
  a.sync();
  expect(a.take('vote')).toMatchObject([{ handOver: true }, { handOver: true }]);
  a.pass(4 * TIMEOUT_MS);
  expect(a.raft.role, 'the next try is an ordinary one').toBe('pre-candidate');
  const b = new Solo();
  b.hear('heartbeat', 'c', { term: 3, commit: 0, commitTerm: 0, sentMs: 0 });
  b.hear('vote', 'b', { ...ASK, term: 4, handOver: true });
  b.sync();
  expect(b.take('vote-reply')).toMatchObject([{ term: 4, granted: true }]);
  b.raft.setFreeToStand(false);
  b.hear('timeout-now', 'b', {});
  expect(b.raft.role).toBe('follower');
});

test('a leader steps down when it is told to, in its term', () => {
  const a = leader();
  a.raft.stepDown(a.nowMs);
  expect([a.raft.role, a.raft.term, a.raft.leaderId]).toEqual(['follower', 1, '']);
  expect(a.raft.leaseValid(a.nowMs)).toBe(false);
});
