/** Who watches a simulated shard from outside: checks, trace and clients hear of what happens by this. */
import type { Member } from '#node/shard/member.ts';
import type { ServingState } from '#node/shard/options.ts';
import type { SimConnection } from './client.ts';
import type { SimMember } from './member.ts';

export interface Observer {
  /** A member was made on what its disk holds; nothing has run yet. */
  started(place: SimMember): void;
  /** Something ran on the member. */
  looked(place: SimMember, member: Member): void;
  stateChanged(place: SimMember, state: ServingState, term: number): void;
  connected(place: SimMember, connection: SimConnection): void;
  /** The member found that its keyspace is not what the primary's was at entry `index`. */
  differs(place: SimMember, index: number): void;
  /** Something that people want to read in a trace. */
  note(place: SimMember, event: string): void;
}

export const NO_OBSERVER: Observer = {
  started: () => {},
  looked: () => {},
  stateChanged: () => {},
  connected: () => {},
  differs: (place, index) => {
    throw new Error(`${place.name} differs at ${index}`);
  },
  note: () => {},
};
