/**
 * Who owns each slot, as far as this node knows: the newest descriptor of every shard.
 *
 * Merging is commutative, associative and idempotent, so gossip may deliver in any order and any number
 * of times: per shard the descriptor with the higher (term, version) wins, and the owner of a slot is the
 * shard that claims it at the highest epoch. The map only serves redirects; what a member itself serves,
 * its own log decides.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import { descriptorBytes } from './descriptor.ts';
import type { MemberDescriptor, ShardDescriptor } from './descriptor.ts';

export interface Coverage {
  /** Slots that have an owner. */
  readonly owned: number;
  /** Slots whose owner has a primary. */
  readonly served: number;
  /** All 16384 are served. */
  readonly complete: boolean;
}

export class SlotMap {
  readonly #shards = new Map<string, ShardDescriptor>();
  /** The shard that owns each slot; null: none known. */
  #owners: (ShardDescriptor | null)[] | null = null;
  #coverage: Coverage | null = null;

  /** Takes a descriptor if it is newer than what is known of its shard; true when it was. */
  apply(descriptor: ShardDescriptor): boolean {
    const known = this.#shards.get(descriptor.shard);
    if (known !== undefined && compareDescriptors(known, descriptor) >= 0) return false;
    this.#shards.set(descriptor.shard, descriptor);
    this.#owners = null;
    this.#coverage = null;
    return true;
  }

  /** The newest descriptor of `shard`, also when the shard has been removed. */
  shard(shard: string): ShardDescriptor | undefined {
    return this.#shards.get(shard);
  }

  /** Every descriptor, also those of removed shards, in the order of names. */
  descriptors(): ShardDescriptor[] {
    return [...this.#shards.values()].sort((a, b) => compareText(a.shard, b.shard));
  }

  /** The shards that exist, in the order of names. */
  shards(): ShardDescriptor[] {
    return this.descriptors().filter((descriptor) => descriptor.members.length > 0);
  }

  /** The shard that owns `slot` (0 to 16383), or null when none is known to. */
  ownerOf(slot: number): ShardDescriptor | null {
    this.#owners ??= this.#computeOwners();
    return this.#owners[slot];
  }

  /** The slots that `shard` owns, as ascending inclusive ranges: its claims less those that others outdo. */
  rangesOf(shard: string): (readonly [number, number])[] {
    const ranges: [number, number][] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (this.ownerOf(slot)?.shard !== shard) continue;
      const last = ranges.at(-1);
      if (last !== undefined && last[1] === slot - 1) last[1] = slot;
      else ranges.push([slot, slot]);
    }
    return ranges;
  }

  /** Whether all slots are owned and served; computed once for each change of the map. */
  coverage(): Coverage {
    if (this.#coverage !== null) return this.#coverage;
    let owned = 0;
    let served = 0;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const owner = this.ownerOf(slot);
      if (owner === null) continue;
      owned++;
      if (owner.primary !== '') served++;
    }
    this.#coverage = { owned, served, complete: served === SLOT_COUNT };
    return this.#coverage;
  }

  /** The highest epoch of any slot: CLUSTER INFO's cluster_current_epoch. */
  currentEpoch(): number {
    let epoch = 0;
    for (const { slots } of this.#shards.values()) {
      for (const range of slots) epoch = Math.max(epoch, range.epoch);
    }
    return epoch;
  }

  #computeOwners(): (ShardDescriptor | null)[] {
    const owners: (ShardDescriptor | null)[] = Array.from({ length: SLOT_COUNT }, () => null);
    const epochs = new Float64Array(SLOT_COUNT).fill(-1);
    for (const descriptor of this.descriptors()) {
      for (const { first, last, epoch } of descriptor.slots) {
        for (let slot = first; slot <= last; slot++) {
          if (epoch <= epochs[slot]) continue;
          epochs[slot] = epoch;
          owners[slot] = descriptor;
        }
      }
    }
    return owners;
  }
}

/** The primary of `descriptor`, or null when it has none. */
export function primaryOf(descriptor: ShardDescriptor): MemberDescriptor | null {
  return descriptor.members.find(({ memberId }) => memberId === descriptor.primary) ?? null;
}

/**
 * Negative when `a` is older than `b`. Only one primary writes in a term, so equal (term, version) mean
 * equal content; should that ever be broken, the bytes decide, the same way everywhere.
 */
export function compareDescriptors(a: ShardDescriptor, b: ShardDescriptor): number {
  if (a.term !== b.term) return a.term - b.term;
  if (a.version !== b.version) return a.version - b.version;
  if (a === b) return 0;
  return compareBytes(descriptorBytes(a), descriptorBytes(b));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return a[at] - b[at];
  return a.length - b.length;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
