/** What a pulse thread hears, and what it has promised, counts like the core's own (SPEC R6). */
import { expect, test } from 'vitest';
import type { VotePort } from './options.ts';
import { FREE_BYTES, Solo, TIMEOUT_MS } from './testing/solo.ts';

const LEASE_MS = 0.8 * TIMEOUT_MS;
const ASK = { lastIndex: 9, lastTerm: 9 };

/** The cell of a pulse: what it has promised, and the terms in which votes were considered. */
class Cell implements VotePort {
  promisedUntilMs = -Infinity;
  readonly terms: number[] = [];

  beforeVote(term: number): number {
    this.terms.push(term);
    return this.promisedUntilMs;
  }
}

function promised(untilMs: number, term = 3): { a: Solo; cell: Cell } {
  const cell = new Cell();
  const a = new Solo('abc', { term, options: { votePort: cell } });
  a.nowMs += TIMEOUT_MS;
  cell.promisedUntilMs = a.nowMs + untilMs;
  return { a, cell };
}

test('an answered pulse counts for the lease and as contact, from when it was sent', () => {
  const a = new Solo();
  a.lead();
  const startedMs = a.nowMs;
  for (let i = 0; i < 40; i++) {
    a.pass(10);
    a.raft.pulseAcked('b', a.nowMs - 5, a.nowMs);
  }
  expect(a.nowMs - startedMs).toBeGreaterThan(3 * TIMEOUT_MS);
  expect(a.raft.role).toBe('leader');
  const sentMs = a.nowMs - 5;
  expect(a.raft.progress()[0].lastContactMs).toBe(sentMs);
  expect(a.raft.leaseValid(sentMs + LEASE_MS - 1)).toBe(true);
  expect(a.raft.leaseValid(sentMs + LEASE_MS)).toBe(false);
  for (let i = 0; i < 12; i++) {
    a.pass(10);
    a.raft.pulseAcked('b', sentMs, a.nowMs);
  }
  expect(a.raft.role, 'the same answer told again is no contact').toBe('follower');
});

test('an answered pulse of before the term, of the future, or of who does not vote counts for nothing', () => {
  const a = new Solo('ab', { learners: 'c' });
  a.lead();
  const startedMs = a.nowMs;
  a.pass(10);
  const before = a.raft.progress();
  a.raft.pulseAcked('b', startedMs - 1, a.nowMs);
  a.raft.pulseAcked('b', a.nowMs + 1, a.nowMs);
  a.raft.pulseAcked('c', a.nowMs, a.nowMs);
  a.raft.pulseAcked('z', a.nowMs, a.nowMs);
  expect(a.raft.progress()).toEqual(before);
  expect(a.raft.leaseValid(a.nowMs)).toBe(false);
  a.raft.pulseAcked('b', a.nowMs, a.nowMs);
  expect(a.raft.leaseValid(a.nowMs)).toBe(true);
  const b = new Solo();
  b.raft.pulseAcked('b', b.nowMs, b.nowMs);
  expect(b.raft.leaseValid(b.nowMs), 'it does not lead').toBe(false);
});

test('a removed member’s pulse counts for nothing', () => {
  const a = new Solo('abcd');
  a.lead();
  for (const id of 'bcd') a.ack(id);
  a.raft.proposeMembership({ kind: 'remove', id: 'd' }, 0, a.nowMs);
  a.act();
  a.pass(LEASE_MS);
  a.raft.pulseAcked('d', a.nowMs, a.nowMs);
  expect(a.raft.leaseValid(a.nowMs)).toBe(false);
  a.raft.pulseAcked('c', a.nowMs, a.nowMs);
  expect(a.raft.leaseValid(a.nowMs)).toBe(true);
});

test('§3.10 once the target was told to stand no pulse of this term counts', () => {
  const a = new Solo();
  a.lead();
  a.ack('b');
  a.pass(10);
  a.raft.transferTo('b', a.nowMs);
  a.act();
  expect(a.take('timeout-now').length).toBe(1);
  const before = a.raft.progress();
  a.nowMs += 5;
  a.raft.pulseAcked('c', a.nowMs, a.nowMs);
  expect(a.raft.progress()).toEqual(before);
  expect(a.raft.leaseValid(a.nowMs)).toBe(false);
});

test('a pulse that was answered puts off the election, and promises, from when it was', () => {
  const a = new Solo('abc', { term: 3 });
  for (let i = 0; i < 50; i++) {
    a.pass(20);
    a.raft.heardPulse(3, a.nowMs - 10, a.nowMs);
  }
  expect(a.raft.role).toBe('follower');
  const atMs = a.nowMs - 10;
  a.nowMs = atMs + TIMEOUT_MS - 1;
  a.hear('vote', 'c', { ...ASK, term: 4, handOver: false });
  expect(a.raft.term).toBe(3);
  a.nowMs = atMs + TIMEOUT_MS;
  a.hear('vote', 'c', { ...ASK, term: 4, handOver: false });
  expect(a.raft.term).toBe(4);
});

test('a pulse of another term, of the future, or of long ago puts off nothing', () => {
  const a = new Solo('abc', { term: 3 });
  for (let i = 0; i < 21; i++) {
    a.pass(10);
    a.raft.heardPulse(2, a.nowMs, a.nowMs);
    a.raft.heardPulse(4, a.nowMs, a.nowMs);
    a.raft.heardPulse(3, a.nowMs + 1, a.nowMs);
    a.raft.heardPulse(3, a.nowMs - TIMEOUT_MS, a.nowMs);
  }
  expect(a.raft.role).toBe('pre-candidate');
});

test('who asks for pre-votes, or votes, and then learns that its pulse hears a leader follows again', () => {
  const a = new Solo('abc', { term: 3 });
  a.pass(2 * TIMEOUT_MS + 10);
  expect(a.raft.role).toBe('pre-candidate');
  a.raft.heardPulse(3, a.nowMs, a.nowMs);
  expect(a.raft.role).toBe('follower');
  a.hear('pre-vote-reply', 'b', { term: 4, granted: true });
  expect([a.raft.role, a.raft.term]).toEqual(['follower', 3]);
});

test('a vote or pre-vote is refused while the pulse has promised none, and asked in the vote’s term', () => {
  const { a, cell } = promised(1);
  a.hear('pre-vote', 'b', { ...ASK, term: 4 });
  a.hear('vote', 'b', { ...ASK, term: 5, handOver: false });
  a.hear('vote', 'b', { ...ASK, term: 3, handOver: false });
  expect([a.raft.term, a.take('vote-reply'), a.take('pre-vote-reply')]).toEqual([3, [], []]);
  expect(cell.terms).toEqual([4, 5, 3]);
  a.nowMs += 1;
  a.hear('vote', 'b', { ...ASK, term: 5, handOver: false });
  a.sync();
  expect(a.take('vote-reply')).toMatchObject([{ term: 5, granted: true }]);
});

test('the pulse is not disturbed where the core’s own promise is enough', () => {
  const { a, cell } = promised(0);
  a.hear('heartbeat', 'b', { commit: 0, commitTerm: 0, sentMs: 0 });
  a.hear('vote', 'c', { ...ASK, term: 9, handOver: false });
  a.hear('pre-vote', 'c', { ...ASK, term: 9 });
  a.hear('pre-vote', 'c', { ...ASK, term: 3 });
  expect(cell.terms).toEqual([]);
});

test('a member does not stand, nor vote for itself after pre-votes, against its pulse’s promise', () => {
  const { a, cell } = promised(10 * TIMEOUT_MS);
  a.pass(5 * TIMEOUT_MS);
  expect([a.raft.role, a.take('pre-vote')]).toEqual(['follower', []]);
  expect(new Set(cell.terms)).toEqual(new Set([4]));
  a.pass(8 * TIMEOUT_MS);
  expect(a.raft.role).toBe('pre-candidate');
  cell.promisedUntilMs = a.nowMs + 1;
  a.hear('pre-vote-reply', 'b', { term: 4, granted: true });
  expect([a.raft.role, a.raft.term]).toEqual(['follower', 3]);
});

test('§3.10 a hand-over passes the pulse’s promise as it passes the core’s', () => {
  const { a } = promised(TIMEOUT_MS);
  a.hear('vote', 'b', { ...ASK, term: 4, handOver: true });
  a.sync();
  expect(a.take('vote-reply')).toMatchObject([{ term: 4, granted: true }]);
  const { a: b } = promised(TIMEOUT_MS);
  b.hear('timeout-now', 'c', {});
  expect([b.raft.role, b.raft.term]).toEqual(['candidate', 4]);
});

test('a leader knows how much free space a majority of the voters has, as they last said', () => {
  const a = new Solo('abc', { learners: 'd', options: { freeBytes: () => 500.5 } });
  expect(a.raft.majorityFreeBytes(), 'on its own').toBe(500);
  a.lead();
  expect(a.raft.majorityFreeBytes(), 'who said nothing has room').toBe(Infinity);
  a.hear('heartbeat-reply', 'd', { sentMs: a.nowMs, freeBytes: 50 });
  a.hear('heartbeat-reply', 'b', { sentMs: a.nowMs, freeBytes: 100 });
  expect(a.raft.majorityFreeBytes()).toBe(500);
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs, freeBytes: 300 });
  expect(a.raft.majorityFreeBytes()).toBe(300);
  a.ack('b');
  expect(a.raft.majorityFreeBytes()).toBe(500);
  const free = a.raft.progress().map(({ id, freeBytes }) => [id, freeBytes]);
  expect(free).toEqual([
    ['b', FREE_BYTES],
    ['c', 300],
    ['d', 50],
  ]);
  const full = new Solo('abc', { options: { freeBytes: () => -7 } });
  full.hear('heartbeat', 'b', { term: 1, commit: 0, commitTerm: 0, sentMs: 0 });
  expect(full.take('heartbeat-reply')).toMatchObject([{ freeBytes: 0 }]);
});
