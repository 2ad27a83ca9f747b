/** Who a member is, fixed by the bootstrap record of its shard. */
export interface MemberIdentity {
  readonly clusterId: string;
  readonly cluster: string;
  readonly shard: string;
  readonly name: string;
  /** 16 lower-case hexadecimal digits. */
  readonly memberId: string;
  readonly kind: 'data' | 'log';
  /** memberIds of members that hold no keyspace; follows what becomes known of newcomers. */
  readonly logMembers: ReadonlySet<string>;
  /** Inclusive ranges that the shard was given at bootstrap. */
  readonly slots: readonly (readonly [number, number])[];
  /** Version of this program. */
  readonly version: string;
}
