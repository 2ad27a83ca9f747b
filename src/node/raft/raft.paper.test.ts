/** Elections and the log, one member at a time; the names give the dissertation's sections. */
import { expect, test } from 'vitest';
import type { Append } from './message.ts';
import { entry, Solo, TIMEOUT_MS } from './testing/solo.ts';

type AppendFields = Pick<Append, 'prevIndex' | 'prevTerm' | 'commit' | 'sentMs' | 'entries'>;

/** An append with nothing in it but `fields`. */
function append(fields: Partial<AppendFields> & { term?: number }): AppendFields {
  return { prevIndex: 0, prevTerm: 0, commit: 0, sentMs: 0, entries: [], ...fields };
}

test('§3.3 a message of a newer term makes a leader a follower', () => {
  const a = new Solo();
  a.lead();
  expect([a.raft.role, a.raft.term, a.raft.leaderId]).toEqual(['leader', 1, 'a']);
  a.hear('append', 'b', append({ term: 2 }));
  expect([a.raft.role, a.raft.term, a.raft.leaderId]).toEqual(['follower', 2, 'b']);
});

test('§3.3 a leader of an earlier term is told of the present one and not followed', () => {
  const a = new Solo('abc', { term: 5 });
  a.hear('append', 'b', append({ term: 4 }));
  expect(a.raft.leaderId).toBe('');
  expect(a.take('heartbeat-reply')).toMatchObject([{ to: 'b', term: 5 }]);
  a.hear('heartbeat', 'b', { term: 4, commit: 0, commitTerm: 0, sentMs: 1 });
  expect(a.take('heartbeat-reply')).toMatchObject([{ to: 'b', term: 5 }]);
});

test('§3.4 a member stands once it has heard no leader for an election timeout, and not before', () => {
  const a = new Solo();
  for (let i = 0; i < 20; i++) {
    a.pass(TIMEOUT_MS - 5);
    a.hear('heartbeat', 'b', { term: 1, commit: 0, commitTerm: 0, sentMs: 0 });
  }
  expect(a.take('pre-vote')).toEqual([]);
  a.pass(TIMEOUT_MS - 5);
  expect(a.raft.role).toBe('follower');
  a.pass(TIMEOUT_MS + 10);
  expect(a.raft.role).toBe('pre-candidate');
  expect(a.take('pre-vote').map(({ to }) => to)).toEqual(['b', 'c']);
});

test('§3.4 a candidate counts its own vote, and asks for others, once its vote is on disk', () => {
  const a = new Solo();
  a.pass(2 * TIMEOUT_MS + 10);
  a.hear('pre-vote-reply', 'b', { term: 1, granted: true });
  expect([a.raft.role, a.raft.term]).toEqual(['candidate', 1]);
  expect(a.take('vote')).toEqual([]);
  a.hear('vote-reply', 'b', { granted: true });
  expect(a.raft.role).toBe('candidate');
  a.sync();
  expect(a.disk.hardState).toMatchObject({ term: 1, vote: 'a' });
  expect(a.raft.role).toBe('leader');
});

test('§3.4 a candidate that is refused by a majority does not lead', () => {
  const a = new Solo();
  a.pass(2 * TIMEOUT_MS + 10);
  a.hear('pre-vote-reply', 'b', { term: 1, granted: true });
  a.sync();
  a.hear('vote-reply', 'b', { granted: false });
  a.hear('vote-reply', 'c', { granted: false });
  a.hear('vote-reply', 'z', { granted: true });
  expect(a.raft.role).toBe('candidate');
});

test('§3.4 a member votes once in a term, also across a restart, and only once it is on disk', () => {
  const a = new Solo();
  a.pass(TIMEOUT_MS - 5);
  a.nowMs += 10;
  const request = { term: 3, lastIndex: 0, lastTerm: 0, handOver: false };
  a.hear('vote', 'b', request);
  expect(a.take('vote-reply')).toEqual([]);
  a.sync();
  expect(a.take('vote-reply')).toMatchObject([{ to: 'b', term: 3, granted: true }]);
  a.hear('vote', 'c', request);
  expect(a.take('vote-reply')).toMatchObject([{ to: 'c', granted: false }]);
  a.restart();
  a.nowMs += TIMEOUT_MS;
  a.hear('vote', 'c', request);
  a.hear('vote', 'b', request);
  a.sync();
  expect(a.take('vote-reply')).toMatchObject([
    { to: 'c', granted: false },
    { to: 'b', granted: true },
  ]);
});

test('§3.4 a vote that was not on disk at a crash was never given', () => {
  const a = new Solo();
  a.nowMs += TIMEOUT_MS;
  a.hear('vote', 'b', { term: 3, lastIndex: 0, lastTerm: 0, handOver: false });
  a.restart();
  a.sync();
  expect(a.take('vote-reply')).toEqual([]);
  expect(a.raft.term).toBe(0);
});

test('§3.5 a follower refuses what does not follow its log, and says where the logs can agree', () => {
  const a = new Solo('abc', { log: [1, 1, 2, 2, 2, 4, 4] });
  a.hear('append', 'b', append({ term: 6, prevIndex: 9, prevTerm: 6 }));
  expect(a.take('append-reply')).toMatchObject([
    { accepted: false, index: 9, hintIndex: 7, hintTerm: 4 },
  ]);
  a.hear('append', 'b', append({ term: 6, prevIndex: 7, prevTerm: 3 }));
  expect(a.take('append-reply')).toMatchObject([{ index: 7, hintIndex: 5, hintTerm: 2 }]);
});

test('§3.5 a follower drops what conflicts, keeps what does not, and acknowledges it from disk', () => {
  const a = new Solo('abc', { log: [1, 1, 2, 2] });
  const entries = [entry(2, 1), entry(3, 3), entry(4, 3)];
  a.hear('append', 'b', append({ term: 3, prevIndex: 1, prevTerm: 1, entries }));
  expect(a.raft.lastIndex).toBe(4);
  expect(a.take('append-reply')).toEqual([]);
  a.sync();
  expect(a.take('append-reply')).toMatchObject([{ accepted: true, index: 4 }]);
  expect(a.disk.entries.map(({ term }) => term)).toEqual([1, 1, 3, 3]);
  a.hear('append', 'b', append({ prevIndex: 1, prevTerm: 1, entries: [entry(2, 1)] }));
  expect(a.raft.lastIndex, 'an older append cuts nothing').toBe(4);
});

test('§3.5 a follower commits no further than the message shows that its log is the leader’s', () => {
  const a = new Solo('abc', { log: [1, 1, 1] });
  a.hear('append', 'b', append({ term: 2, prevIndex: 1, prevTerm: 1, commit: 3 }));
  expect(a.raft.commitIndex).toBe(1);
  expect(a.committed.map(({ index }) => index)).toEqual([1]);
});

test('§3.5 a leader finds where a follower’s log agrees in one step per term', () => {
  const a = new Solo('abc', { log: [1, 1, 1, 4, 4, 5, 5, 6, 6] });
  a.lead();
  expect(a.take('append').filter(({ to }) => to === 'b')).toMatchObject([{ prevIndex: 9 }]);
  const refusal = { sentMs: 0, accepted: false };
  a.hear('append-reply', 'b', { ...refusal, index: 9, hintIndex: 8, hintTerm: 3 });
  expect(a.take('append')).toMatchObject([{ to: 'b', prevIndex: 3, prevTerm: 1 }]);
  a.hear('append-reply', 'b', { ...refusal, index: 9, hintIndex: 1, hintTerm: 1 });
  expect(a.take('append'), 'an overtaken refusal moves nothing').toEqual([]);
  a.ack('b', 3);
  const sent = a.take('append').flatMap(({ entries }) => entries);
  expect(sent.map(({ term }) => term)).toEqual([4, 4, 5, 5, 6, 6, 7]);
});

test('§3.5 a lost append is noticed by the next heartbeat’s answer', () => {
  const a = new Solo();
  a.lead();
  a.ack('b');
  a.propose();
  a.take('append');
  a.hear('heartbeat-reply', 'b', { sentMs: a.nowMs });
  expect(a.take('append')).toMatchObject([{ to: 'b', prevIndex: 2, entries: [] }]);
  a.hear('append-reply', 'b', {
    sentMs: a.nowMs,
    accepted: false,
    index: 2,
    hintIndex: 1,
    hintTerm: 1,
  });
  expect(a.take('append')).toMatchObject([{ to: 'b', prevIndex: 1, entries: [{ index: 2 }] }]);
});

test('§3.6.1 a member votes for nobody whose log is behind its own', () => {
  const a = new Solo('abc', { log: [1, 2, 2] });
  a.nowMs += TIMEOUT_MS;
  const ask = (lastIndex: number, lastTerm: number): boolean => {
    a.hear('pre-vote', 'b', { term: a.raft.term + 1, lastIndex, lastTerm });
    const [{ granted }] = a.take('pre-vote-reply');
    a.hear('vote', 'b', { term: a.raft.term + 1, lastIndex, lastTerm, handOver: false });
    a.sync();
    expect(a.take('vote-reply')).toMatchObject([{ granted }]);
    return granted;
  };
  expect(ask(2, 2)).toBe(false);
  expect(ask(9, 1)).toBe(false);
  expect(ask(3, 2)).toBe(true);
  expect(ask(1, 3)).toBe(true);
});

test('§3.6.2 entries of earlier terms are committed only along with one of the leader’s own', () => {
  const a = new Solo('abc', { log: [1, 2] });
  a.lead();
  a.ack('b', 2);
  expect(a.raft.commitIndex).toBe(0);
  expect(a.raft.ownTermCommitted).toBe(false);
  a.ack('b', 3);
  expect(a.raft.commitIndex).toBe(3);
  expect(a.raft.ownTermCommitted).toBe(true);
  expect(a.committed.map(({ index }) => index)).toEqual([1, 2, 3]);
});

test('§6.2 a leader out of touch with a majority for an election timeout steps down', () => {
  const a = new Solo('abcde');
  a.lead();
  const led: boolean[] = [];
  for (let i = 0; i < 30; i++) {
    a.pass(10);
    a.hear('heartbeat-reply', 'b', { sentMs: a.nowMs });
    if (i < 10) a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
    led.push(a.raft.role === 'leader');
  }
  expect(led.indexOf(false)).toBe(19);
  expect([a.raft.role, a.raft.term, a.raft.leaderId]).toEqual(['follower', 1, '']);
});

test('§6.2 a leader that was asleep first reads what came meanwhile', () => {
  const a = new Solo();
  a.lead();
  a.nowMs += 10 * TIMEOUT_MS;
  a.raft.tick(a.nowMs);
  expect(a.raft.role).toBe('leader');
  a.hear('heartbeat-reply', 'b', { sentMs: a.nowMs - 10 });
  a.pass(TIMEOUT_MS - 10);
  expect(a.raft.role).toBe('leader');
});

test('§9.6 a member that cannot win raises no term, its own neither', () => {
  const a = new Solo('abc', { term: 4 });
  a.pass(20 * TIMEOUT_MS);
  expect([a.raft.role, a.raft.term]).toEqual(['pre-candidate', 4]);
  a.hear('pre-vote', 'b', { term: 9, lastIndex: 0, lastTerm: 0 });
  expect(a.raft.term).toBe(4);
  a.hear('pre-vote-reply', 'b', { term: 7, granted: false });
  expect([a.raft.role, a.raft.term]).toEqual(['follower', 7]);
});

test('§9.6 a pre-vote for a term that is past is refused with the present one', () => {
  const a = new Solo('abc', { term: 4 });
  a.hear('pre-vote', 'b', { term: 4, lastIndex: 9, lastTerm: 9 });
  expect(a.take('pre-vote-reply')).toMatchObject([{ term: 4, granted: false }]);
});

test('§10.2.1 an append leaves before the leader’s own write, whose copy counts after it', () => {
  const a = new Solo();
  a.lead();
  a.ack('b');
  a.take('append');
  const index = a.propose();
  expect(a.take('append').filter(({ to }) => to === 'b')).toMatchObject([{ entries: [{ index }] }]);
  a.ack('b');
  expect(a.raft.commitIndex, 'one of three has it on disk').toBe(index - 1);
  a.sync();
  expect(a.raft.commitIndex).toBe(index);
});

test('§10.2.1 a majority of others commits without the leader’s own disk', () => {
  const a = new Solo();
  a.lead();
  const index = a.propose();
  a.ack('b');
  a.ack('c');
  expect(a.raft.commitIndex).toBe(index);
  expect(a.raft.durableIndex).toBe(index - 1);
});

test('a leader sends no more than its window, and goes on when it is acknowledged', () => {
  const a = new Solo();
  a.lead();
  a.ack('b');
  a.take('append');
  for (let i = 0; i < 10; i++) a.propose(900);
  const toB = a.take('append').filter(({ to }) => to === 'b');
  expect(toB.length).toBe(4);
  expect(a.raft.progress().find(({ id }) => id === 'b')?.bytesInFlight).toBe(4 * 932);
  a.ack('b', 3);
  expect(a.take('append').filter(({ to }) => to === 'b').length).toBe(2);
});

test('several proposals before one Ready leave as one append', () => {
  const a = new Solo();
  a.lead();
  a.ack('b');
  a.take('append');
  for (let i = 0; i < 3; i++) a.raft.propose(2, new Uint8Array(3), a.nowMs);
  a.act();
  expect(a.take('append').map(({ entries }) => entries.length)).toEqual([3]);
});

test('the commit index goes with the next entries, or with a tick when nothing else is on its way', () => {
  const a = new Solo();
  a.lead();
  a.ack('b');
  a.ack('c');
  a.take('append');
  const index = a.propose();
  a.sync();
  a.ack('b');
  a.take('append');
  a.ack('c');
  expect(a.take('append')).toEqual([]);
  const next = a.propose();
  expect(a.take('append').map(({ commit }) => commit)).toEqual([index, index]);
  a.sync();
  a.ack('b');
  a.ack('c');
  expect(a.take('append')).toEqual([]);
  a.raft.tick(a.nowMs);
  a.act();
  expect(a.take('append')).toMatchObject([
    { to: 'b', commit: next, entries: [] },
    { to: 'c', commit: next, entries: [] },
  ]);
});

test('a group of one voter elects itself and commits by its own disk', () => {
  const a = new Solo('a');
  a.lead();
  expect(a.raft.role).toBe('leader');
  expect(a.raft.ownTermCommitted).toBe(true);
  expect(a.raft.leaseValid(a.nowMs + 1e6)).toBe(true);
  const index = a.propose();
  expect(a.raft.commitIndex).toBe(index - 1);
  a.sync();
  expect(a.raft.commitIndex).toBe(index);
});

test('a member with a stand delay stands later; one that is not free to stand does not', () => {
  const a = new Solo('abc', { options: { standDelayMs: 500 } });
  a.pass(590);
  expect(a.raft.role).toBe('follower');
  a.raft.setFreeToStand(false);
  a.pass(2000);
  expect(a.raft.role).toBe('follower');
  a.raft.setFreeToStand(true);
  a.raft.setStandDelay(0);
  a.pass(1000);
  expect(a.raft.role).toBe('pre-candidate');
});

test('entries that reached the disk without their hard state raise the term', () => {
  const a = new Solo('abc', { log: [3, 3] });
  a.disk.hardState = { term: 2, vote: 'b', commit: 9 };
  a.restart();
  expect(a.raft.term).toBe(3);
  expect(a.raft.commitIndex, 'a commit hint is no more than the log').toBe(2);
  a.sync();
  expect(a.disk.hardState).toMatchObject({ term: 3, vote: '' });
});

test('the commit hint says nothing that is not on disk', () => {
  const a = new Solo('abc', { log: [1] });
  const entries = [entry(2, 2), entry(3, 2)];
  a.hear('append', 'b', append({ term: 2, prevIndex: 1, prevTerm: 1, commit: 3, entries }));
  expect(a.raft.commitIndex).toBe(3);
  a.hear('append', 'b', append({ term: 3, prevIndex: 3, prevTerm: 2, commit: 3 }));
  a.sync();
  expect(a.disk.hardState).toEqual({ term: 3, vote: '', commit: 1 });
});

test('a heartbeat commits nothing that its leader does not hold, also where a disk was set back', () => {
  const a = new Solo('abc', { log: [1, 1], term: 2 });
  a.hear('heartbeat', 'b', { term: 2, commit: 2, commitTerm: 2, sentMs: 0 });
  expect(a.raft.commitIndex).toBe(0);
  a.hear('heartbeat', 'b', { term: 2, commit: 2, commitTerm: 1, sentMs: 0 });
  expect(a.raft.commitIndex).toBe(2);
});

test('a follower whose disk was set back refuses a heartbeat that names what it acknowledged', () => {
  const a = new Solo('abc', { log: [1, 1], term: 2 });
  const heartbeat = { term: 2, commit: 3, commitTerm: 2, sentMs: 7 };
  a.hear('heartbeat', 'b', heartbeat);
  const refusal = { to: 'b', sentMs: 7, accepted: false, index: 3, hintIndex: 2, hintTerm: 1 };
  expect(a.take('append-reply')).toMatchObject([refusal]);
  a.hear('heartbeat', 'b', { ...heartbeat, commit: 2, commitTerm: 1 });
  a.hear('heartbeat', 'b', { ...heartbeat, commit: 0, commitTerm: 0 });
  expect(a.take('append-reply')).toEqual([]);
});

test('who lost what it had acknowledged is found out, and counts no more', () => {
  const a = new Solo();
  a.lead();
  a.propose();
  a.sync();
  a.ack('b', 2);
  a.ack('c', 1);
  a.pass(10);
  const lost = { accepted: false, index: 2, hintIndex: 0, hintTerm: 0 };
  a.hear('append-reply', 'b', { ...lost, sentMs: a.nowMs - 50 });
  expect(a.raft.progress()[0].lostLog, 'it may have been sent before').toBe(false);
  a.hear('append-reply', 'b', { ...lost, sentMs: a.nowMs });
  expect(a.raft.progress()[0]).toMatchObject({ id: 'b', lostLog: true, match: 0, caughtUp: false });
  a.take('append');
  a.propose();
  expect(a.take('append').some(({ to }) => to === 'b')).toBe(false);
});

test('an entry that goes to a follower is whole, also when it is let go of as soon as it was sent', () => {
  const large = 1 << 20;
  const a = new Solo('abc', {
    options: { maxAppendBytes: 2 * large, maxInFlightBytes: 4 * large },
  });
  a.lead();
  a.ack('b');
  // c has answered nothing yet: all that it was sent is the probe
  const index = a.propose(large);
  a.sync();
  a.take('append');
  a.ack('b', index);
  expect(a.raft.commitIndex).toBe(index);
  a.ack('c', index - 1);
  const toC = a.take('append').filter(({ to, entries }) => to === 'c' && entries.length > 0);
  expect(toC.flatMap(({ entries }) => entries.map(({ payload }) => payload.length))).toEqual([
    large,
  ]);
  // and then it is in memory no more
  a.act();
  expect(a.raft.cachedBytes).toBeLessThan(large);
});
