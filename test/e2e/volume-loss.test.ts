/**
 * The volume of a member is lost: claim and pod are deleted under load. It comes back as a new member, without a
 * person; afterwards every acknowledged key is there, also when only the new members are left to tell.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClientPod } from './client-pod.ts';
import { memoryCluster, Namespace, secret } from './cluster.ts';
import { driver } from './choose-driver.ts';
import { underLoad } from './load.ts';
import { eventually } from './shell.ts';

const cluster = driver();
let namespace: Namespace;
let pod: ClientPod;

beforeAll(async () => {
  const nodes = await cluster.nodes();
  namespace = await Namespace.create('e2e-volume-loss');
  // encrypted at rest, so that a new disk needs the key as well
  const key = `first ${'7e'.repeat(32)}`;
  const storage = { encryption: { secretName: 'disk-key' } };
  await namespace.apply(
    secret('disk-key', { key }),
    memoryCluster('shop', { numReplicasPerShard: 1, storage }),
  );
  await namespace.ready('shop');
  await namespace.settled('shop');
  pod = await ClientPod.start(namespace, { caConfigMap: 'shop-ca', node: nodes[0].name });
});

afterAll(async () => {
  await namespace.drop();
});

interface Seat {
  readonly name: string;
  readonly memberId: string;
}

async function seats(): Promise<{ readonly primary: Seat; readonly replica: Seat }> {
  const { status } = await namespace.cluster('shop');
  const [{ primary, members }] = status.shards;
  const seat = (test: (name: string) => boolean): Seat => {
    const { name, memberId } = members.find((m) => m.kind === 'data' && test(m.name)) ?? members[0];
    return { name, memberId: memberId ?? '' };
  };
  return { primary: seat((name) => name === primary), replica: seat((name) => name !== primary) };
}

/** Deletes claim and pod, as a machine does that takes its disk with it; resolves when the member votes again. */
async function lose({ name, memberId }: Seat): Promise<void> {
  const startedMs = performance.now();
  await namespace.kubectl('delete', 'pvc', `${name}-1`, '--wait=false');
  const pods = ['delete', 'pod', `${name}-0`, '--grace-period=0', '--force', '--wait=false'];
  await namespace.kubectl(...pods);
  await eventually(`${name} is a new member`, 300_000, async () => {
    const { status } = await namespace.cluster('shop');
    const [{ members, state }] = status.shards;
    const now = members.find((member) => member.name === name);
    const voters = members.filter(({ voter }) => voter).length;
    const done = now?.memberId !== memberId && now?.voter === true && state === 'available';
    const settled = !status.conditions.some(({ type }) => type === 'Reconciling');
    if (done && settled && voters === 3) return true;
    throw new Error(JSON.stringify({ state, members, conditions: status.conditions }));
  });
  console.log(`e2e: ${name} votes ${Math.round(performance.now() - startedMs)} ms after its loss`);
}

test('the volume of a replica, then of the primary, is lost under load', async () => {
  const load = { namespace, pod, settings: { HOST: 'shop' } };
  for (const which of ['replica', 'primary'] as const) {
    const seat = (await seats())[which];
    const verdicts = await underLoad(load, `volume of the ${which}`, () => lose(seat));
    for (const { violations, acknowledged } of verdicts) {
      expect(violations.slice(0, 5)).toEqual([]);
      expect(acknowledged).toBeGreaterThan(100);
    }
  }
  await namespace.settled('shop');
  expect(await namespace.eventReasons('MemoryCluster', 'shop')).toContain('MemberReplaced');
  const [budget] = await namespace.list('pdb');
  expect(budget.spec).toMatchObject({ minAvailable: 2 });
});
