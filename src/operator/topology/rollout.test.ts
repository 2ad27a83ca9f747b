import { array, assert, boolean, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { nextRolloutStep } from './rollout.ts';
import type { RolloutMember } from './rollout.ts';

function shard(name: string, changes: Partial<RolloutMember> = {}): RolloutMember[] {
  const member = (suffix: string, role: RolloutMember['role']): RolloutMember => ({
    name: `${name}-${suffix}`,
    shard: name,
    role,
    healthy: true,
    current: false,
    ...changes,
  });
  return [member('001', 'primary'), member('002', 'replica'), member('l01', 'log')];
}

function set(members: RolloutMember[], name: string, changes: Partial<RolloutMember>) {
  return members.map((member) => (member.name === name ? { ...member, ...changes } : member));
}

test('log members first, then replicas, the primary last after a hand-over', () => {
  let members = shard('0001');
  const turns: string[] = [];
  for (;;) {
    const step = nextRolloutStep(members);
    if (step.step !== 'restart') break;
    turns.push(`${step.member}${step.handOver ? ' after a hand-over' : ''}`);
    members = set(members, step.member, { current: true });
  }
  expect(turns).toEqual(['0001-l01', '0001-002', '0001-001 after a hand-over']);
});

test('a healthy member waits until all others are healthy, in every shard', () => {
  const members = set([...shard('0001'), ...shard('0002', { current: true })], '0002-002', {
    healthy: false,
  });
  expect(nextRolloutStep(members)).toEqual({ step: 'wait', unhealthy: ['0002-002'] });
});

test('an unhealthy member with an old template is replaced at any time', () => {
  const members = set(shard('0001'), '0001-001', { healthy: false });
  expect(nextRolloutStep(members)).toMatchObject({ step: 'restart', member: '0001-001' });
});

test('a lone primary is restarted without a hand-over', () => {
  const members = shard('0001', { current: true }).filter((member) => member.role !== 'replica');
  const outdated = set(members, '0001-001', { current: false });
  expect(nextRolloutStep(outdated)).toEqual({
    step: 'restart',
    member: '0001-001',
    handOver: false,
  });
});

test('the primaries of all shards come last', () => {
  let members = [...shard('0002'), ...shard('0001')];
  const turns: string[] = [];
  for (let step = nextRolloutStep(members); step.step === 'restart'; ) {
    turns.push(step.member);
    members = set(members, step.member, { current: true });
    step = nextRolloutStep(members);
  }
  const logs = ['0001-l01', '0002-l01'];
  expect(turns).toEqual([...logs, '0001-002', '0002-002', '0001-001', '0002-001']);
});

test('a healthy member is never restarted beside an unhealthy one', () => {
  const any = array(record({ healthy: boolean(), current: boolean() }), {
    maxLength: 9,
  });
  assert(
    property(any, (states) => {
      const members = states.map(
        (state, at): RolloutMember => ({
          name: `m${at}`,
          shard: String(at % 2),
          role: at === 0 ? 'primary' : 'replica',
          ...state,
        }),
      );
      const step = nextRolloutStep(members);
      const outdated = members.filter((member) => !member.current);
      const chosen = step.step === 'restart' ? step.member : '';
      const healthy = members.find((member) => member.name === chosen)?.healthy ?? false;
      expect(step.step === 'done').toBe(outdated.length === 0);
      expect(chosen === '' || outdated.some((member) => member.name === chosen)).toBe(true);
      expect(!healthy || members.every((member) => member.healthy)).toBe(true);
    }),
  );
});
