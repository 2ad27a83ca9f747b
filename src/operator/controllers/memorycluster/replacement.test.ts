/** A member that lost its disk: what is planned at each step, and that a crash between any two is harmless. */
import { expect, test } from 'vitest';
import type { MemoryClusterStatus } from '#operator/api/memorycluster-status.ts';
import type { MemberStatus } from '#operator/nodeclient/wire.ts';
import { numberAt } from '#operator/kube/object.ts';
import type { Observed } from './observed.ts';
import { type Plan, plan } from './plan.ts';
import { changed, news, NOW, serving, withMember } from './testing/observations.ts';

const LOST = 'shop-0001-002';
const OLD = `id-${LOST}`;
const FIRST = ['id-shop-0001-001', OLD, 'id-shop-0001-l01'];
const NEW = 'new';

function condition(status: MemoryClusterStatus, type: string) {
  return status.conditions.find((candidate) => candidate.type === type);
}

function budget({ actions }: Plan): number {
  for (const action of actions) {
    if (action.type !== 'apply' || action.manifest.kind !== 'PodDisruptionBudget') continue;
    return numberAt(action.manifest, 'spec', 'minAvailable');
  }
  return -1;
}

interface Stage {
  /** What the member with the new disk says. */
  readonly newcomer: Partial<MemberStatus>;
  readonly voters: readonly string[];
  readonly learners?: readonly string[];
  readonly caughtUp?: boolean;
  readonly pending?: boolean;
}

/** The cluster when its members say this. */
function at(stage: Stage, base = serving()): Observed {
  const { voters, learners = [], caughtUp = true, pending = false } = stage;
  const newcomer = { memberId: NEW, ready: false, configIndex: 7, ...stage.newcomer };
  const followers = [...voters, ...learners]
    .filter((id) => id !== FIRST[0])
    .map((memberId) => {
      const up = memberId === NEW ? caughtUp : memberId !== OLD;
      return { memberId, name: '', caughtUp: up, lostLog: false };
    });
  const configs = { configIndex: 7, commitIndex: pending ? 6 : 9, voters, learners };
  const leader = changed(base, 'shop-0001-001', { ...configs, followers });
  return withMember(withMember(base, leader), changed(base, LOST, newcomer));
}

const EMPTY = { formed: false, role: 'unformed', voters: [], leader: '' } as const;
const LEARNS = { voters: FIRST, learners: [NEW] };
const STAGES: readonly [string, Stage, readonly string[], number][] = [
  ['an empty disk joins', { newcomer: EMPTY, voters: FIRST }, [`join ${LOST}`], 2],
  ['who joined listens', { newcomer: {}, voters: FIRST }, ['change-membership add-learner new'], 2],
  [
    'nothing is done while it gets the log',
    { newcomer: { learners: [NEW] }, ...LEARNS, caughtUp: false },
    [],
    2,
  ],
  [
    'who has the log gets its vote, and no drain may take any pod from then on',
    { newcomer: { learners: [NEW] }, ...LEARNS },
    ['change-membership promote new'],
    3,
  ],
  [
    'nothing is done while the change is not committed',
    { newcomer: { learners: [NEW] }, voters: [...FIRST, NEW], pending: true },
    [],
    3,
  ],
  [
    'the old memberId goes when the new one votes',
    { newcomer: { ready: true, voters: [...FIRST, NEW] }, voters: [...FIRST, NEW] },
    [`change-membership remove ${OLD}`],
    3,
  ],
];

test.each(STAGES)('%s', (_, stage, expected, minAvailable) => {
  const observed = at(stage);
  const result = plan(observed, NOW);
  const told = news(result).filter((line) => !line.startsWith('put-peers'));
  expect(
    told.map((line) => line.replace('change-membership shop-0001-001 ', 'change-membership ')),
  ).toEqual(expected);
  expect(budget(result)).toBe(minAvailable);
  expect(condition(result.status, 'Reconciling')).toMatchObject({
    status: 'True',
    reason: 'ReplacingMember',
  });
  expect(condition(result.status, 'Ready')?.status).toBe('True');
  expect(result.requeueAfterMs).toBeLessThan(1000);
  // an operator that starts here, without what was said before, does the same
  const again = plan({ ...observed, previous: undefined }, NOW);
  expect(news(again)).toEqual(news(result));
});

test('when the old memberId is gone, status is as before but for the disk, and an Event tells', () => {
  const base = serving();
  const voters = [FIRST[0], FIRST[2], NEW];
  const before = plan(at({ newcomer: { learners: [NEW] }, ...LEARNS }, base), NOW);
  expect(condition(before.status, 'QuorumHealthy')?.reason).toBe('VoterMissing');
  expect(before.status.shards[0].state).toBe('degraded');
  const after = at({ newcomer: { ready: true, voters }, voters }, base);
  const result = plan({ ...after, previous: before.status }, NOW);
  expect(news(result).filter((line) => !line.startsWith('put-peers'))).toEqual([]);
  expect(budget(result)).toBe(2);
  expect(condition(result.status, 'Reconciling')).toBeUndefined();
  expect(condition(result.status, 'QuorumHealthy')?.reason).toBe('AllVotersHealthy');
  expect(result.status.shards[0].members[1]).toMatchObject({
    memberId: NEW,
    voter: true,
    state: 'available',
  });
  expect(result.events.map(({ reason }) => reason)).toContain('MemberReplaced');
  const settled = plan({ ...after, previous: result.status }, NOW);
  expect(settled.events).toEqual([]);
  expect(settled.status).toEqual(result.status);
});

test('a claim that is gone is made again by its name; its StatefulSet stays as it is', () => {
  const base = serving();
  const live = new Map(base.live);
  live.delete(`PersistentVolumeClaim/${LOST}-1`);
  const facts = changed(base, LOST, {});
  const away = withMember({ ...base, live }, { ...facts, pod: null, status: null });
  const result = plan(away, NOW);
  const claims = result.actions.flatMap((action) =>
    action.type === 'apply' && action.manifest.kind === 'PersistentVolumeClaim'
      ? [action.manifest]
      : [],
  );
  const claim = claims.find(({ metadata }) => metadata.name === `${LOST}-1`);
  expect(claim?.metadata.annotations).not.toHaveProperty('holdfast.dev/member-id');
  expect(claim?.metadata.annotations).toMatchObject({ 'holdfast.dev/zone': 'zone-b' });
  expect(news(result)).toEqual([]);
});

test('without a leader nobody joins, and a failover is not called a replacement', () => {
  const base = serving();
  const observed = withMember(
    at({ newcomer: EMPTY, voters: FIRST }, base),
    changed(base, 'shop-0001-001', { role: 'replica', lease: false, leader: '' }),
  );
  const result = plan(observed, NOW);
  expect(news(result).filter((line) => !line.startsWith('put-peers'))).toEqual([]);
  expect(condition(result.status, 'Reconciling')).toBeUndefined();
});

test('a log member that leads lets the data member in', () => {
  const spec = { numReplicasPerShard: 0 };
  const base = serving({ spec });
  const voters = ['id-shop-0001-001', 'id-shop-0001-l01', 'id-shop-0001-l02'];
  const follower = { memberId: voters[2], name: '', caughtUp: true, lostLog: false };
  const leads = {
    leader: voters[1],
    lease: true,
    term: 5,
    voters,
    followers: [follower],
    commitIndex: 9,
  };
  const empty = { memberId: NEW, ...EMPTY, ready: false, lease: false };
  const observed = withMember(
    withMember(base, changed(base, 'shop-0001-l01', leads)),
    changed(base, 'shop-0001-001', empty),
  );
  const result = plan(observed, NOW);
  expect(news(result)).toContain('join shop-0001-001');
  expect(condition(result.status, 'Ready')?.reason).toBe('ShardUnavailable');
  expect(condition(result.status, 'QuorumHealthy')?.reason).toBe('VoterMissing');
  expect(result.status.shards[0].members[0].voter).toBe(false);
});

test('a member that its shard went on without is told so', () => {
  const voters = [FIRST[0], FIRST[2], NEW];
  const result = plan(at({ newcomer: { memberId: OLD, voters: FIRST }, voters }), NOW);
  expect(news(result)).toContain(`set-aside ${LOST} removed`);
});

test('nothing of this is done while the cluster is suspended', () => {
  const base = serving();
  const { cluster, object } = serving({ spec: { suspend: true }, generation: 2 });
  const observed = { ...at({ newcomer: EMPTY, voters: FIRST }, base), cluster, object };
  expect(news(plan(observed, NOW)).some((line) => line.startsWith('join'))).toBe(false);
});
