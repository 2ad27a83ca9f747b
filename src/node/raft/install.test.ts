/** Snapshots: what is dropped from the log, and what a member gets instead of it (SPEC R12, R13). */
import { expect, test } from 'vitest';
import { ENTRY_CONFIG } from './entry.ts';
import { encodeMembership } from './membership.ts';
import { Raft } from './raft.ts';
import type { SnapshotMeta } from './snapshot.ts';
import { entry, metaOf, Solo, TIMEOUT_MS } from './testing/solo.ts';

/** A leader with `length` entries that b has; c has answered nothing and lacks what is dropped, up to `dropped`. */
function leader(length: number, dropped: number, learners = ''): Solo {
  const a = new Solo('abc', { learners });
  a.lead();
  for (let index = 2; index <= length; index++) a.propose();
  a.sync();
  a.ack('b');
  a.snapshot(dropped);
  a.take('offer');
  return a;
}

/** c, or another member, says that its log ends at `hintIndex`. */
function refuse(a: Solo, index: number, hintIndex = 0, from = 'c'): void {
  const hintTerm = hintIndex === 0 ? 0 : 1;
  a.hear('append-reply', from, { sentMs: a.nowMs, accepted: false, index, hintIndex, hintTerm });
}

/** b leads and offers `meta`. */
function offer(a: Solo, meta: SnapshotMeta, sentMs = 0, term = a.raft.term): void {
  a.hear('offer', 'b', { term, meta, sentMs });
}

const NOTHING = { prevIndex: 0, prevTerm: 0, commit: 0, sentMs: 0, entries: [] };

test('a log that this core cannot have left stops the process', () => {
  const start = (change: (solo: Solo) => object, words: string): void => {
    const solo = new Solo('abc', { log: [1, 1, 2], snapshot: metaOf(2, 1) });
    const recovered = { ...solo.disk.recover(solo.membership), ...change(solo) };
    const options = {
      id: 'a',
      electionTimeoutMs: 10,
      heartbeatMs: 1,
      leaseFraction: 0.8,
      standDelayMs: 0,
      maxAppendBytes: 1,
      maxInFlightBytes: 1,
      maxCachedBytes: 0,
      random: { uint32: () => 0 },
    };
    expect(() => new Raft(options as never, recovered, 0)).toThrow(words);
  };
  const terms = [{ from: 4, term: 2 }];
  const late = { firstIndex: 4, lastIndex: 4, termBefore: 2, terms };
  start(() => ({ ...late, snapshot: null }), 'whose head was dropped has a snapshot');
  start(() => late, 'no entry is missing');
  start(() => ({ ...late, terms: [{ from: 4, term: 1 }] }), 'term runs ascend');
  start(() => ({ lastIndex: 1 }), 'the log goes on');
  start(() => ({ snapshot: metaOf(3, 1) }), 'the log goes on');
  start(() => ({ hardState: { term: 0, vote: '', commit: 0 } }), 'not newer than the term');
  start(() => ({ termBefore: 1 }), 'nothing comes before entry 1');
  start(() => ({ snapshot: { ...metaOf(2, 1), configIndex: 3 } }), 'covers its membership');
  const config = { index: 1, term: 1, kind: ENTRY_CONFIG, payload: new Uint8Array(0) };
  start(() => ({ configEntries: [config] }), 'agree on the membership');
});

test('a member starts after its snapshot: commit, what is handed out, and membership', () => {
  const membership = { voters: ['a', 'b'], learners: ['x'] };
  const payload = encodeMembership(membership);
  const a = new Solo('abc', { log: [1, 1, 2, 2] });
  a.disk.entries[1] = { ...entry(2, 1), kind: ENTRY_CONFIG, payload };
  a.disk.publish(metaOf(3, 2, { configIndex: 2, membership }));
  a.disk.drop(2);
  a.restart();
  const { raft } = a;
  expect([raft.firstIndex, raft.lastIndex, raft.commitIndex]).toEqual([3, 4, 3]);
  expect([raft.configIndex, raft.membership, raft.termAt(2)]).toEqual([2, membership, 1]);
  a.hear('heartbeat', 'b', { commit: 4, commitTerm: 2, sentMs: 0 });
  expect(a.committed.map(({ index }) => index)).toEqual([4]);
});

test('§5.3 who needs what the log lacks is offered the newest file, again when it answers a heartbeat', () => {
  const a = leader(9, 5);
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  const first = a.take('offer');
  expect(first).toMatchObject([{ to: 'c', meta: { index: 5, term: 1 } }]);
  expect(a.raft.progress()[1]).toMatchObject({ id: 'c', offeredIndex: 5, caughtUp: false });
  a.hear('heartbeat-reply', 'c', { sentMs: first[0].sentMs });
  expect(a.take('offer'), 'that was the offer’s own answer').toEqual([]);
  a.snapshot(8, 6);
  a.pass(10);
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  expect(a.take('offer')).toMatchObject([{ meta: { index: 8 } }]);
  a.propose();
  refuse(a, 2, 1);
  expect(a.take('append').map(({ to }) => to)).toEqual(['b']);
});

test('§5.3 after it has the file it gets what follows, or another file if that is not kept either', () => {
  const a = leader(9, 5);
  refuse(a, 1);
  a.take('append');
  a.ack('c', 5);
  const [{ prevIndex, prevTerm, entries }] = a.take('append');
  expect([prevIndex, prevTerm, entries.length]).toEqual([5, 1, 4]);
  expect(a.raft.progress()[1]).toMatchObject({ match: 5, offeredIndex: 0, caughtUp: true });
  const b = leader(9, 5);
  refuse(b, 1);
  b.snapshot(8);
  b.take('offer');
  b.ack('c', 5);
  expect(b.take('offer')).toMatchObject([{ to: 'c', meta: { index: 8 } }]);
  b.ack('c', 8);
  expect(b.take('append')).toMatchObject([{ to: 'c', prevIndex: 8, entries: [{ index: 9 }] }]);
});

test('a follower in the middle of its log is offered a file when the leader drops what it lacks', () => {
  const a = leader(3, 1);
  a.ack('c', 2);
  for (let index = 4; index <= 12; index++) a.propose(900);
  a.sync();
  a.ack('b');
  a.snapshot(10);
  a.take('offer');
  a.act();
  expect(a.raft.progress()[1]).toMatchObject({ match: 2 });
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  expect(a.take('offer')).toMatchObject([{ to: 'c', meta: { index: 10 } }]);
  expect(a.raft.progress()[1].bytesInFlight).toBe(0);
  refuse(a, 8, 2);
  expect(a.take('offer'), 'an old refusal changes nothing').toEqual([]);
  expect(a.raft.progress()[1].offeredIndex).toBe(10);
});

test('who lost what it had acknowledged is offered nothing, and a file does not make it count', () => {
  const a = leader(9, 2);
  a.ack('c', 7);
  a.pass(10);
  refuse(a, 7, 1);
  expect(a.raft.progress()[1]).toMatchObject({ id: 'c', lostLog: true });
  a.pass(10);
  a.hear('heartbeat-reply', 'c', { sentMs: a.nowMs });
  expect(a.take('offer')).toEqual([]);
  a.ack('c', 9);
  expect(a.raft.progress()[1]).toMatchObject({ match: 0, lostLog: true });
});

test('a member that needs a file is no target of a hand-over, and is not promoted', () => {
  const a = leader(9, 5, 'd');
  refuse(a, 1);
  refuse(a, 1, 0, 'd');
  expect(a.raft.transferTo('c', a.nowMs)).toBe(false);
  const promote = { kind: 'promote', id: 'd' } as const;
  expect(a.raft.proposeMembership(promote, 0, a.nowMs)).toEqual({ refused: 'NotCaughtUp' });
});

test('§5.3 what is offered and here is acknowledged like an append', () => {
  const a = new Solo('abc', { log: [1, 1, 1] });
  offer(a, metaOf(2, 1), 7, 2);
  expect(a.take('append-reply'), 'its term is not on disk yet').toEqual([]);
  a.sync();
  expect(a.take('append-reply')).toMatchObject([{ accepted: true, index: 2, sentMs: 7, term: 2 }]);
  expect([a.raft.commitIndex, a.raft.leaderId, a.fetches]).toEqual([2, 'b', []]);
});

test('§5.3 what is not here is to be fetched, as often as it is offered, and the leader is heeded', () => {
  const a = new Solo('abc', { log: [1, 1, 2], term: 3 });
  a.pass(TIMEOUT_MS - 5);
  const meta = metaOf(3, 3);
  for (const sentMs of [1, 2]) {
    offer(a, meta, sentMs);
    expect(a.take('heartbeat-reply')).toMatchObject([{ to: 'b', sentMs }]);
  }
  expect(a.fetches).toEqual([
    { ...meta, from: 'b' },
    { ...meta, from: 'b' },
  ]);
  a.pass(TIMEOUT_MS - 5);
  expect(a.raft.role).toBe('follower');
  a.nowMs -= 1;
  a.hear('vote', 'c', { term: 4, lastIndex: 9, lastTerm: 9, handOver: false });
  expect(a.raft.term).toBe(3);
});

test('a file is fetched, or named, only once the term that makes it known is on disk', () => {
  const a = new Solo('abc', { log: [1] });
  offer(a, metaOf(5, 4), 0, 4);
  a.act();
  expect(a.fetches).toEqual([]);
  a.sync();
  expect(a.disk.hardState.term).toBe(4);
  expect(a.fetches).toMatchObject([{ index: 5 }]);
  a.hear('append', 'c', { ...NOTHING, term: 5, prevIndex: 1, prevTerm: 1, commit: 1 });
  expect([a.raft.commitIndex, a.raft.settledIndex]).toEqual([1, 0]);
  a.sync();
  expect(a.raft.settledIndex).toBe(1);
});

test('§5.3 a log restarts after what is installed; the leader hears of it when that is on disk', () => {
  const membership = { voters: ['a', 'b', 'd'], learners: ['c'] };
  const meta = metaOf(6, 3, { configIndex: 5, membership });
  const a = new Solo('abc', { log: [1, 1, 2], term: 3 });
  const entries = [entry(4, 2), entry(5, 2), entry(6, 2), entry(7, 2), entry(8, 2)];
  a.hear('append', 'c', { ...NOTHING, prevIndex: 3, prevTerm: 2, entries });
  offer(a, meta, 9, 4);
  a.take('append-reply');
  expect(a.install(meta)).toBe(true);
  const { raft } = a;
  expect([raft.firstIndex, raft.lastIndex, raft.commitIndex]).toEqual([7, 6, 6]);
  expect([raft.termAt(6), raft.configIndex, raft.membership]).toEqual([3, 5, membership]);
  expect(raft.cachedBytes).toBe(0);
  expect(raft.durableIndex).toBe(0);
  const next = entry(7, 4);
  a.hear('append', 'b', { ...NOTHING, prevIndex: 6, prevTerm: 3, commit: 7, entries: [next] });
  expect(a.committed).toEqual([next]);
  a.syncOne();
  expect(raft.durableIndex, 'entries of the old log count no more').toBe(0);
  a.sync();
  expect([raft.durableIndex, a.disk.base, a.disk.lastIndex]).toEqual([7, { index: 6, term: 3 }, 7]);
  const replies = a.take('append-reply').filter(({ to }) => to === 'b');
  expect(replies).toMatchObject([
    { accepted: true, index: 6, sentMs: 9, term: 4 },
    { accepted: true, index: 7 },
  ]);
  a.restart();
  expect([a.raft.firstIndex, a.raft.lastIndex, a.raft.configIndex]).toEqual([7, 7, 5]);
});

test('§5.3 a crash between a file’s name and the log’s restart leaves a log that begins after the file', () => {
  for (const log of [[1], [1, 1, 1, 1, 1, 1]]) {
    const a = new Solo('abc', { log, term: 3 });
    a.disk.publish(metaOf(4, 3));
    a.restart();
    expect([a.raft.firstIndex, a.raft.lastIndex, a.raft.termAt(4)]).toEqual([5, 4, 3]);
    offer(a, metaOf(4, 3));
    a.sync();
    expect(a.take('append-reply')).toMatchObject([{ accepted: true, index: 4 }]);
  }
});

test('§5.3 a log that has the file’s last entry goes on after it; the file brings the state machine there', () => {
  const a = new Solo('abc', { log: [1] });
  offer(a, metaOf(3, 1), 5, 2);
  const entries = [entry(2, 1), entry(3, 1), entry(4, 2)];
  a.hear('append', 'b', { ...NOTHING, prevIndex: 1, prevTerm: 1, commit: 1, entries });
  a.sync();
  a.take('append-reply');
  expect(a.install(metaOf(3, 1))).toBe(true);
  expect([a.raft.firstIndex, a.raft.lastIndex, a.raft.commitIndex]).toEqual([1, 4, 3]);
  expect(a.take('append-reply')).toMatchObject([{ accepted: true, index: 3, sentMs: 5 }]);
  a.hear('heartbeat', 'b', { commit: 4, commitTerm: 2, sentMs: 0 });
  expect(a.committed.map(({ index }) => index)).toEqual([1, 4]);
  a.raft.compact(3);
  expect(a.raft.firstIndex).toBe(4);
});

test('a file is not installed where everything in it is known to be committed, nor on a leader', () => {
  const a = leader(5, 2);
  expect(a.raft.install(metaOf(9, 1), a.nowMs)).toBe(false);
  a.raft.stepDown(a.nowMs);
  expect(a.raft.install(metaOf(5, 1), a.nowMs)).toBe(false);
  expect([a.raft.lastIndex, a.raft.firstIndex]).toEqual([5, 3]);
});

test('after a change of leader nobody is told of an install but by the answers that it asks for', () => {
  const a = new Solo('abc', { log: [1] });
  offer(a, metaOf(3, 1), 5, 2);
  a.hear('heartbeat', 'c', { term: 3, commit: 0, commitTerm: 0, sentMs: 0 });
  a.sync();
  expect(a.install(metaOf(3, 1))).toBe(true);
  a.sync();
  expect(a.take('append-reply')).toEqual([]);
  a.hear('append', 'c', { ...NOTHING, prevIndex: 9, prevTerm: 3 });
  expect(a.take('append-reply')).toMatchObject([{ accepted: false, hintIndex: 3, hintTerm: 1 }]);
});

test('what comes before the log is what every leader has', () => {
  const a = new Solo('abc', { log: [1, 1, 1], snapshot: metaOf(3, 1) });
  a.raft.compact(3);
  const entries = [entry(2, 1), entry(3, 1), entry(4, 2)];
  a.hear('append', 'b', { ...NOTHING, term: 2, prevIndex: 1, prevTerm: 1, entries });
  a.hear('append', 'b', { ...NOTHING, prevIndex: 0, prevTerm: 0, entries: [entry(1, 1)] });
  a.sync();
  expect(a.take('append-reply')).toMatchObject([
    { accepted: true, index: 4 },
    { accepted: true, index: 1 },
  ]);
  expect([a.raft.firstIndex, a.raft.lastIndex]).toEqual([4, 4]);
  const b = new Solo('abc', { log: [2, 2, 2], snapshot: metaOf(3, 2) });
  b.raft.compact(3);
  b.hear('append', 'b', { ...NOTHING, term: 3, prevIndex: 5, prevTerm: 1 });
  expect(b.take('append-reply'), 'they agree there, whatever is asked for').toMatchObject([
    { accepted: false, hintIndex: 3, hintTerm: 2 },
  ]);
});

test('only what an own snapshot has, what was applied and what is on disk is dropped', () => {
  const a = new Solo('abc', { log: [1, 1] });
  expect(() => a.raft.compact(1)).toThrow('only what a snapshot has');
  a.disk.publish(metaOf(1, 1));
  a.restart();
  expect(() => a.raft.compact(2)).toThrow('only what a snapshot has');
  const entries = [entry(3, 1), entry(4, 1)];
  a.hear('append', 'b', { ...NOTHING, term: 1, prevIndex: 2, prevTerm: 1, commit: 4, entries });
  a.raft.snapshotTaken(metaOf(4, 1));
  a.raft.snapshotTaken(metaOf(1, 1));
  a.raft.compact(4);
  expect(a.raft.firstIndex, 'entry 3 is being written').toBe(3);
  a.sync();
  a.raft.compact(4);
  a.raft.compact(2);
  expect([a.raft.firstIndex, a.raft.termAt(4)]).toEqual([5, 1]);
  expect(() => a.raft.snapshotTaken(metaOf(6, 1))).toThrow('covers what is committed');
});

test('the membership at an entry is that of the newest config up to it, committed or not', () => {
  const a = leader(3, 1);
  const changed = a.raft.proposeMembership({ kind: 'add-learner', id: 'd' }, 0, a.nowMs);
  expect(changed).toEqual({ index: 4 });
  expect(a.raft.membershipAt(3)).toMatchObject({ configIndex: 0, membership: { learners: [] } });
  expect(a.raft.membershipAt(5)).toMatchObject({ configIndex: 4, membership: { learners: ['d'] } });
  a.act();
  a.sync();
  a.ack('b');
  expect(a.raft.commitIndex).toBe(4);
  expect(() => a.raft.membershipAt(3)).toThrow('is known');
});
