/** What a shard has at one place: a machine, and what runs there. {@link SimShard} moves all of it. */
import type { Member } from '#node/shard/member.ts';
import type { SimConnection } from './client.ts';
import { SimClock } from './clock.ts';
import { SimDisk } from './disk.ts';
import type { World } from './world.ts';

export type Kind = 'data' | 'log';

/** One place of the shard: its machine and disk, and the member that runs there or not. */
export class SimMember {
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly kind: Kind;
  readonly disk: SimDisk;
  readonly clock: SimClock;
  member: Member | null = null;
  readonly connections = new Set<SimConnection>();
  readonly events: string[] = [];
  /** The disk is gone or may not be used any more: it never starts again. */
  lost = false;
  /** A fault has damaged what was durable on it: the next start will find out. */
  damaged = false;
  /** Removed from the shard, or never in it: it never starts again. */
  retired = false;
  /** It does nothing before this time. */
  pausedUntilMs = 0;
  /** True time until which the whole process does nothing; never after `pausedUntilMs`. */
  frozenUntilMs = 0;
  /** The machine was suspended and the member has not looked at its clocks since. */
  clockInDoubt = false;
  wakeScheduled = false;
  reactionScheduled = false;
  generation = 0;
  /** What waits for the end of the pause. */
  readonly backlog: { readonly run: () => void; readonly timer: boolean }[] = [];

  constructor(id: string, name: string, kind: Kind, world: World) {
    this.id = id;
    this.name = name;
    this.kind = kind;
    this.disk = new SimDisk(world);
    this.clock = new SimClock(world, 1);
  }
}
