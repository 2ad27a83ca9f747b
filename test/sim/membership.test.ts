/** Members that lose their disk and come back as new ones, by the steps that operator and local mode take. */
import { expect, test } from 'vitest';
import type { SetAsideRequest } from '#node/admin/handler.ts';
import { MemberAdmin, type NodeFacts } from '#node/admin/member-admin.ts';
import { Directory } from '#node/shard/directory.ts';
import type { Member } from '#node/shard/member.ts';
import {
  type MembershipStep,
  nextMembershipStep,
  type Seat,
} from '#operator/topology/membership.ts';
import type { SimConnection } from './client.ts';
import type { SimMember } from './member.ts';
import { SimShard } from './shard.ts';

/** A member with an empty disk comes up, whom the membership does not name yet. */
function join(shard: SimShard, kind: 'data' | 'log'): SimMember {
  const place = shard.add(kind);
  shard.start(place);
  return place;
}

/** What the members say, of those who sit at the names of the shard now. */
function look(seats: readonly SimMember[]): Seat[] {
  return seats.map(({ member, id, clock }, at): Seat => {
    const name = `s-${at + 1}`;
    if (member === null) return { name, status: null };
    const { raft } = member;
    const status = {
      memberId: id,
      formed: true,
      term: raft.term,
      leader: raft.leaderId,
      lease: raft.leaseValid(clock.monotonicMs()),
      commitIndex: raft.commitIndex,
      configIndex: raft.configIndex,
      voters: raft.membership.voters,
      learners: raft.membership.learners,
      followers: raft
        .progress()
        .map(({ id: memberId, caughtUp, lostLog }) => ({ memberId, name: '', caughtUp, lostLog })),
    };
    return { name, status };
  });
}

/** Replaces disks until every seat votes; returns the changes that were made. */
function settle(shard: SimShard, seats: readonly SimMember[], names: readonly string[]): string[] {
  const record = { voters: names.map((memberId, at) => ({ name: `s-${at + 1}`, memberId })) };
  const made: string[] = [];
  for (let turn = 0; turn < 200; turn++) {
    const step: MembershipStep = nextMembershipStep(record, look(seats));
    if (step.step === 'settled') return made;
    if (step.step === 'change') {
      const leader = seats[Number(step.leader.slice(2)) - 1].member as Member;
      const change = { kind: step.change, id: step.memberId };
      const answer = leader.changeMembership(change, step.configIndex, step.term);
      void note(answer, `${step.change} ${step.memberId}`, made);
    }
    shard.world.runUntil(shard.world.nowMs + 50);
  }
  throw new Error(`not settled; ${made.join(', ')}`);
}

async function note(
  answer: ReturnType<Member['changeMembership']>,
  what: string,
  made: string[],
): Promise<void> {
  if ('index' in (await answer)) made.push(what);
}

/** Settles promises that the simulation has resolved. */
async function turn(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function ask(shard: SimShard, client: SimConnection, ...words: string[]): unknown {
  const before = client.replies.length;
  client.command(...words);
  const answered = (): boolean => client.replies.length > before || client.closedByMember;
  if (!shard.world.runWhile(answered, 2000)) throw new Error(`no reply to ${words.join(' ')}`);
  return client.replies.at(-1);
}

test('the only data disk of a shard is lost: a log member leads, lets the new one in and hands over', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const shard = new SimShard({ seed, kinds: ['data', 'log', 'log'] });
    const names = shard.members.map(({ id }) => id);
    const first = shard.ready();
    const client = shard.connect(first);
    for (let i = 0; i < 20; i++) expect(ask(shard, client, 'SET', `k${i}`, `${i}`)).toBe('OK');
    shard.crash(first);
    const newcomer = join(shard, 'data');
    const seats = [newcomer, ...shard.members.slice(1, 3)];
    settle(shard, seats, names);
    await turn();
    const primary = shard.ready();
    expect(primary.id, `seed ${seed}`).toBe(newcomer.id);
    const states = shard.members.slice(1, 3).flatMap(({ events }) => events);
    // a log member has led, and served nobody
    expect(states.filter((event) => / (primary|pending) in /.test(event))).toEqual([]);
    const again = shard.connect(primary);
    for (let i = 0; i < 20; i++) expect(ask(shard, again, 'GET', `k${i}`)).toBe(`${i}`);
    expect(primary.member?.raft.membership).toEqual({
      voters: [...names.slice(1), newcomer.id],
      learners: [],
    });
    expect(primary.member?.caughtUpOnce).toBe(true);
  }
});

test('a replica loses its disk under load: nothing that was acknowledged is lost, nobody else is', async () => {
  for (let seed = 100; seed < 120; seed++) {
    const shard = new SimShard({ seed, kinds: ['data', 'data', 'data'] });
    const names = shard.members.map(({ id }) => id);
    const primary = shard.ready();
    const client = shard.connect(primary);
    const lost = shard.members.findIndex((place) => place !== primary);
    let acknowledged = 0;
    client.onReply = (reply) => {
      expect(reply).toBe('OK');
      acknowledged++;
      client.command('SET', `k${acknowledged}`, `${acknowledged}`);
    };
    client.command('SET', 'k0', '0');
    shard.world.runUntil(shard.world.nowMs + 100);
    shard.crash(shard.members[lost]);
    const newcomer = join(shard, 'data');
    const seats = shard.members.slice(0, 3);
    seats[lost] = newcomer;
    const made = settle(shard, seats, names);
    await turn();
    const { id } = newcomer;
    const wanted = [`add-learner ${id}`, `promote ${id}`, `remove ${names[lost]}`];
    expect(made, `seed ${seed}`).toEqual(wanted);
    client.onReply = () => {};
    shard.world.runUntil(shard.world.nowMs + 500);
    expect(shard.divergence()).toEqual([]);
    expect(newcomer.member?.raft.membership.voters).toContain(newcomer.id);
    // it has all of it: the others go, one of two old ones comes back
    for (const place of seats) if (place !== newcomer) shard.crash(place);
    const [other] = seats.filter((place) => place !== newcomer && place !== primary);
    shard.start(other);
    const now = shard.ready(10_000);
    const reader = shard.connect(now);
    for (let i = 0; i < acknowledged; i++) {
      expect(ask(shard, reader, 'GET', `k${i}`), `seed ${seed}`).toBe(`${i}`);
    }
  }
});

test('who joined stands for nobody before a config names it a voter, also after a restart', () => {
  const shard = new SimShard({ seed: 7 });
  shard.ready();
  const newcomer = join(shard, 'data');
  const everybody = shard.members.map(({ id }) => id);
  shard.world.runUntil(shard.world.nowMs + 2000);
  expect(newcomer.member?.raft).toMatchObject({ role: 'follower', term: 0, lastIndex: 0 });
  expect(newcomer.member?.caughtUpOnce).toBe(false);
  shard.crash(newcomer);
  shard.start(newcomer);
  for (const place of shard.members)
    if (place !== newcomer) shard.network.isolate(place.id, everybody);
  shard.world.runUntil(shard.world.nowMs + 2000);
  expect(newcomer.member?.raft).toMatchObject({ role: 'follower', term: 0 });
});

test('a learner does not call itself caught up; the voter that it becomes does', async () => {
  const shard = new SimShard({ seed: 8 });
  const primary = shard.ready();
  const leader = primary.member as Member;
  ask(shard, shard.connect(primary), 'SET', 'k', 'v');
  const newcomer = join(shard, 'data');
  const change = async (kind: 'add-learner' | 'promote'): Promise<void> => {
    const { configIndex, term } = leader.raft;
    const answer = leader.changeMembership({ kind, id: newcomer.id }, configIndex, term);
    shard.world.runUntil(shard.world.nowMs + 300);
    expect(await answer).toHaveProperty('index');
  };
  await change('add-learner');
  expect(newcomer.member?.applier.appliedIndex).toBe(leader.applier.appliedIndex);
  expect(newcomer.member?.caughtUpOnce).toBe(false);
  await change('promote');
  expect(newcomer.member?.caughtUpOnce).toBe(true);
});

test('a change that is planned from another term or config is refused, by a follower too', async () => {
  const shard = new SimShard({ seed: 9 });
  const primary = shard.ready();
  const member = primary.member as Member;
  const follower = shard.members.find((place) => place !== primary)?.member as Member;
  const { term, configIndex } = member.raft;
  const change = { kind: 'add-learner', id: '9'.repeat(16) } as const;
  const refusals = [
    await member.changeMembership(change, configIndex, term - 1),
    await member.changeMembership(change, configIndex + 1, term),
    await follower.changeMembership(change, configIndex, term),
  ];
  expect(refusals).toEqual([
    { refused: 'StaleTerm' },
    { refused: 'StaleConfig' },
    { refused: 'NotLeader' },
  ]);
});

test('a change whose leader falls before it is committed is answered as unknown', async () => {
  const shard = new SimShard({ seed: 11 });
  const primary = shard.ready();
  const member = primary.member as Member;
  shard.network.isolate(
    primary.id,
    shard.members.map(({ id }) => id),
  );
  const { term, configIndex } = member.raft;
  const change = { kind: 'add-learner', id: '9'.repeat(16) } as const;
  const answer = member.changeMembership(change, configIndex, term);
  shard.world.runUntil(shard.world.nowMs + 1000);
  expect(await answer).toEqual({ refused: 'Unknown' });
});

test('what is known of a newcomer: a learner is called one, a log member is never handed over to', async () => {
  const shard = new SimShard({ seed: 14 });
  const primary = shard.ready();
  const leader = primary.member as Member;
  const directory = new Directory({ shard: '0001', slots: [], clientTls: false, offlineMs: 1000 });
  const meet = ({ id, kind }: SimMember): void => {
    const address = { host: id, peerPort: 1, clientPort: 2, pulsePort: 3 };
    directory.learn({ memberId: id, name: `s-${id}`, kind, ...address });
  };
  for (const place of shard.members) meet(place);
  const newcomer = join(shard, 'log');
  const { configIndex, term } = leader.raft;
  void leader.changeMembership({ kind: 'add-learner', id: newcomer.id }, configIndex, term);
  shard.world.runUntil(shard.world.nowMs + 100);
  const roleOf = (): string | undefined =>
    directory
      .changed(leader.raft, shard.world.nowMs)
      ?.members.find(({ memberId }) => memberId === newcomer.id)?.role;
  expect(roleOf()).toBeUndefined();
  expect(directory.nameOf(newcomer.id)).toBe('');
  meet(newcomer);
  expect(roleOf()).toBe('learner');
  expect(directory.nameOf(newcomer.id)).toBe(`s-${newcomer.id}`);
  expect([...directory.logMembers]).toEqual([shard.members[2].id, newcomer.id]);
});

/** The admin API over a simulated member; what was set aside is in `gone`. */
function adminOf(place: SimMember): { admin: MemberAdmin; gone: string[] } {
  const gone: string[] = [];
  const facts: NodeFacts = {
    name: 's-1',
    memberId: place.id,
    shard: '0001',
    kind: place.kind,
    version: '0',
    maxmemoryBytes: 0,
    handOverTimeoutMs: 100,
    record: null,
    member: place.member,
    ready: true,
    everFormed: true,
    disk: { healthy: true, freeBytes: 1, totalBytes: 1 },
    certificates: { clientNotAfter: '', peerNotAfter: '' },
    quorum: true,
    monotonicMs: () => place.clock.monotonicMs(),
    form: () => Promise.resolve(),
    keepPeers: () => Promise.resolve(),
    setAside: () => void gone.push(place.id),
    nameOf: (memberId) => memberId,
  };
  return { admin: new MemberAdmin(facts), gone };
}

test('a member gives its memberId up only for a newer config, and never while it leads', async () => {
  const shard = new SimShard({ seed: 12, kinds: ['data', 'data', 'data'] });
  const primary = shard.ready();
  const follower = shard.members.find((place) => place !== primary) as SimMember;
  const { term, configIndex } = (primary.member as Member).raft;
  const request = { memberId: follower.id, reason: 'removed', configIndex: 5, term } as const;
  const { admin, gone } = adminOf(follower);
  const refused = async (changes: Partial<SetAsideRequest>): Promise<unknown> => {
    const answer = await admin.setAside({ ...request, ...changes });
    return 'refusal' in answer ? answer.refusal.error : 'done';
  };
  expect(await refused({ memberId: primary.id })).toBe('WrongMember');
  expect(await refused({ term: term - 1 })).toBe('StaleTerm');
  expect(await refused({ configIndex })).toBe('StaleConfig');
  const own = await adminOf(primary).admin.setAside({ ...request, memberId: primary.id });
  expect(own).toMatchObject({ refusal: { error: 'Leads' } });
  expect(gone).toEqual([]);
  expect(await refused({})).toBe('done');
  expect(gone).toEqual([follower.id]);
  expect(adminOf(primary).admin.status().followers).toMatchObject([
    { caughtUp: true, lostLog: false },
    { caughtUp: true, lostLog: false },
  ]);
  expect(admin.status().followers).toEqual([]);
});

test('a config that was cut off elsewhere does not keep a member from starting anew', async () => {
  const shard = new SimShard({ seed: 13, kinds: ['data', 'data', 'data'] });
  const primary = shard.ready();
  const everybody = shard.members.map(({ id }) => id);
  const newcomer = join(shard, 'data');
  const rest = shard.members.filter((place) => place !== primary && place !== newcomer);
  // the change reaches the newcomer alone
  for (const place of rest) shard.network.isolate(place.id, [primary.id, newcomer.id]);
  const { raft } = primary.member as Member;
  const change = { kind: 'add-learner', id: newcomer.id } as const;
  void (primary.member as Member).changeMembership(change, raft.configIndex, raft.term);
  shard.world.runUntil(shard.world.nowMs + 100);
  expect(newcomer.member?.raft.membership.learners).toEqual([newcomer.id]);
  // the leader that wrote it may still commit it: what that one did not name before says nothing
  const early = {
    configIndex: 0,
    term: raft.term,
    memberId: newcomer.id,
    reason: 'removed',
  } as const;
  expect(await adminOf(newcomer).admin.setAside(early)).toMatchObject({
    refusal: { error: 'StaleConfig' },
  });
  shard.crash(primary);
  shard.network.heal();
  shard.world.runUntil(shard.world.nowMs + 2000);
  const { term, configIndex, membership } = (shard.ready().member as Member).raft;
  expect(membership.learners).toEqual([]);
  expect(everybody).toEqual(membership.voters);
  const request = { memberId: newcomer.id, reason: 'removed', configIndex, term } as const;
  const { admin, gone } = adminOf(newcomer);
  expect(await admin.setAside(request)).toEqual({ ok: {} });
  expect(gone).toEqual([newcomer.id]);
});
