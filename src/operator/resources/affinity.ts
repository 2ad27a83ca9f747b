/**
 * Where the pod of a member may and should run. Its zone is the operator's decision, not the
 * scheduler's: a volume waits for its first consumer, so the pod decides where the data will be for good.
 */
import type { ZoneSpread } from '#operator/topology/zones.ts';
import { LABELS } from './names.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

/** As in core/v1: pinned to `zone` (Required) or drawn to it (Preferred), apart from its shard's others. */
export function affinity(
  cluster: string,
  shard: string,
  zone: string,
  zoneSpread: ZoneSpread,
): object {
  const inZone = { matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }] };
  const pinned = {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [inZone] },
  };
  const drawn = {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: inZone }],
  };
  const node = zone === '' || zoneSpread === 'Disabled' ? undefined : zoneSpread;
  return {
    ...(node === undefined ? {} : { nodeAffinity: node === 'Required' ? pinned : drawn }),
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        apart(100, { [LABELS.cluster]: cluster, [LABELS.shard]: shard }),
        apart(20, { [LABELS.cluster]: cluster }),
      ],
    },
  };
}

function apart(weight: number, matchLabels: Readonly<Record<string, string>>): object {
  return { weight, podAffinityTerm: { topologyKey: HOST, labelSelector: { matchLabels } } };
}
