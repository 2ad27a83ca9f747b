/**
 * Raft: the public face of the consensus core. SPEC.md numbers its rules. (Skeleton: signatures.)
 */
import { InvariantError } from '#base/invariant.ts';
import type { Membership, MembershipChange, MembershipOutcome } from './membership.ts';
import type { Message } from './message.ts';
import type { RaftOptions, Recovered } from './options.ts';
import type { Ready } from './ready.ts';

export type { LogReader, RaftOptions, Recovered } from './options.ts';
export type { Persist, Ready } from './ready.ts';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What a leader knows of one other member. */
export interface FollowerProgress {
  readonly id: string;
  readonly learner: boolean;
  /** The highest index known to be on its disk. */
  readonly match: number;
  /** The next index to send. */
  readonly next: number;
  /** When it last answered in this term, by this member's clock; the start of the term if never. */
  readonly lastContactMs: number;
  readonly bytesInFlight: number;
  /** In touch within the election timeout, and all that the leader has was sent to it. */
  readonly caughtUp: boolean;
  /** It refused what it had acknowledged before: its disk was set back; it needs a new memberId. */
  readonly lostLog: boolean;
}

const unbuilt = (): never => {
  throw new InvariantError('the core is not built yet');
};

export class Raft {
  readonly id: string;
  constructor(options: RaftOptions, _recovered: Recovered, _nowMs: number) {
    this.id = options.id;
  }
  get role(): Role {
    return unbuilt();
  }
  get term(): number {
    return unbuilt();
  }
  get leaderId(): string {
    return unbuilt();
  }
  get lastIndex(): number {
    return unbuilt();
  }
  get commitIndex(): number {
    return unbuilt();
  }
  get membership(): Membership {
    return unbuilt();
  }
  get configIndex(): number {
    return unbuilt();
  }
  get ownTermCommitted(): boolean {
    return unbuilt();
  }
  get transferring(): boolean {
    return unbuilt();
  }
  step(_message: Message, _nowMs: number): void {
    unbuilt();
  }
  tick(_nowMs: number): void {
    unbuilt();
  }
  propose(_kind: number, _payload: Uint8Array, _nowMs: number): number {
    return unbuilt();
  }
  takeReady(): Ready | null {
    return unbuilt();
  }
  persisted(_seq: number, _nowMs: number): void {
    unbuilt();
  }
  leaseValid(_nowMs: number): boolean {
    return unbuilt();
  }
  dropLease(_nowMs?: number): void {
    unbuilt();
  }
  /** Gives up leadership without a target, in the same term. */
  stepDown(_nowMs: number): void {
    unbuilt();
  }
  transferTo(_target: string, _nowMs: number): boolean {
    return unbuilt();
  }
  progress(): FollowerProgress[] {
    return unbuilt();
  }
  termAt(_index: number): number {
    return unbuilt();
  }
  setFreeToStand(_on: boolean): void {
    unbuilt();
  }
  setStandDelay(_delayMs: number): void {
    unbuilt();
  }
  proposeMembership(
    _change: MembershipChange,
    _plannedFromConfigIndex: number,
    _nowMs: number,
  ): MembershipOutcome {
    return unbuilt();
  }
}
