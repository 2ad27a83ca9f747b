/**
 * Where a slot is served, as far as this member knows: its own slots by its own log, others' by gossip.
 * Makes the redirects of Redis Cluster, with the endpoint of the listener that the client came by.
 */
import { endpointOf } from '#node/cluster/descriptor.ts';
import type { ShardDescriptor } from '#node/cluster/descriptor.ts';
import type { SlotMap } from '#node/cluster/slot-map.ts';
import type { Refusal } from '#node/session/host.ts';

export interface RoutesOptions {
  readonly shard: string;
  /** Inclusive ranges that this shard owns by its own log. */
  readonly slots: readonly (readonly [number, number])[];
  /** Everybody's slots as gossip has them. */
  readonly map: SlotMap;
  /** memberId of this shard's leader, '' when unknown. */
  readonly leader: () => string;
}

export class Routes {
  readonly #options: RoutesOptions;
  readonly #owned = new Uint8Array(16384);

  constructor(options: RoutesOptions) {
    this.#options = options;
    for (const [first, last] of options.slots) this.#owned.fill(1, first, last + 1);
  }

  owns(slot: number): boolean {
    return this.#owned[slot] === 1;
  }

  /** `MOVED` to this shard's primary, or null when it is not known. */
  toPrimary(listener: string): Refusal | null {
    const { map, shard, leader } = this.#options;
    return moved(map.shard(shard), leader(), listener);
  }

  /** `MOVED` to the primary of the shard that owns `slot`, else `CLUSTERDOWN`. */
  toOwner(slot: number, listener: string): Refusal {
    const descriptor = this.#options.map.ownerOf(slot);
    if (descriptor === null) return UNBOUND;
    return moved(descriptor, descriptor.primary, listener) ?? NO_PRIMARY;
  }
}

const UNBOUND: Refusal = { kind: 'error', line: 'CLUSTERDOWN Hash slot not served' };
const NO_PRIMARY: Refusal = {
  kind: 'error',
  line: "CLUSTERDOWN Hash slot not served: its shard's primary is not known",
};

function moved(
  descriptor: ShardDescriptor | undefined,
  memberId: string,
  listener: string,
): Refusal | null {
  const member = descriptor?.members.find((candidate) => candidate.memberId === memberId);
  const endpoint = member && endpointOf(member, listener);
  if (endpoint === undefined) return null;
  return { kind: 'moved', endpoint: `${endpoint.host}:${endpoint.port}` };
}
