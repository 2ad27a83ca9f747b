/**
 * Every condition that status may show and every reason for it: words that programs match, so they are
 * only added to, never renamed. The documentation is generated from these tables.
 */
import type { ConditionValue } from './blocks.ts';

interface ConditionInfo {
  /** What `True` means. */
  readonly meaning: string;
  /** Reason → what it tells a person. */
  readonly reasons: Readonly<Record<string, string>>;
}

export const CLUSTER_CONDITIONS = {
  Accepted: {
    meaning: 'The spec is valid and is what the operator works towards.',
    reasons: {
      Accepted: 'The spec is in force.',
      Invalid: 'The spec breaks a rule of the schema; the last accepted one stays in force.',
      NodeTypeUnknown: 'nodeType is not in the table of the operator.',
      MemoryTooSmall: 'The memory limit leaves nothing for data.',
      ImmutableField: 'A field that cannot be changed was changed.',
      DowngradeRefused: 'engineVersion was lowered.',
      ShrinkRefused: 'storage.size is less than the actual capacity.',
      StorageClassChangeRefused: 'storage.storageClassName was changed.',
      ChangeNotSupported:
        'This change is not supported yet; the last accepted value stays in force.',
      ParameterInvalid: 'A parameter is unknown or has a value out of range.',
      SecretNotFound:
        'The Secret of storage.encryption does not exist; a new cluster waits for it.',
      SecretInvalid: 'The Secret of storage.encryption has no valid key.',
      WindowTooShort: 'A window is shorter than an hour.',
    },
  },
  Ready: {
    meaning: 'All 16384 slots are served.',
    reasons: {
      AllSlotsServed: 'Each shard has a primary that serves its slots.',
      Creating: 'The cluster is being formed.',
      ShardUnavailable: 'A shard has no primary that serves.',
      Suspended: 'The cluster is suspended.',
      Deleting: 'The cluster is being deleted.',
      MembersUnknown: 'The members cannot be asked.',
    },
  },
  QuorumHealthy: {
    meaning: 'In each shard a majority of voters is in touch.',
    reasons: {
      AllVotersHealthy: 'Every voter is in touch.',
      VoterMissing: 'A voter is missing, but no majority is lost.',
      MajorityLost: 'A shard has lost its majority.',
      Creating: 'The cluster is being formed.',
      Suspended: 'The cluster is suspended.',
    },
  },
  SlotsAssigned: {
    meaning: 'Every slot belongs to a shard.',
    reasons: {
      AllAssigned: 'Every slot belongs to a shard.',
      Bootstrapping: 'Shards are being formed.',
      ForeignVolume:
        'Volumes of another cluster are there but its identity record is not: set storage.adoptClusterId or ' +
        'remove the claims.',
      IdentityConflict: 'The members and the identity record disagree.',
    },
  },
  ZoneSpread: {
    meaning: 'Each shard keeps a majority when any one zone is lost.',
    reasons: {
      Spread: 'No zone holds a majority of any shard.',
      Concentrated: 'A zone holds a majority of a shard.',
      TooFewZones: 'There are fewer than three zones.',
      ZonesUnknown: 'Members are not placed yet, or nodes have no zone.',
      Disabled: 'topology.zoneSpread is Disabled.',
    },
  },
  StorageFits: {
    meaning: 'The volumes hold two images of the memory and the log.',
    reasons: {
      Fits: 'The volumes are large enough.',
      TooSmall: 'The volumes are too small; maxmemory has been lowered.',
      Resizing: 'The volumes are being resized.',
      ExpansionNotSupported: 'The StorageClass cannot expand volumes.',
    },
  },
  ACLSynced: {
    meaning: 'Every member has the users of the ACL.',
    reasons: {
      Synced: 'Every member has the users of the ACL.',
      Applying: 'Not every member has the latest users yet.',
      ACLNotFound: 'The ACL does not exist; the last applied users stay.',
      ACLNotReady: 'The ACL names users that are not usable.',
    },
  },
  TLSReady: {
    meaning: 'Every certificate is there and valid.',
    reasons: {
      Issued: 'Every certificate is there and valid.',
      Issuing: 'Certificates are being made.',
      SecretNotFound: 'The Secret of tls.secretName does not exist.',
      SecretInvalid: 'The Secret of tls.secretName has no valid certificate.',
      Disabled: 'Clients connect without TLS; the links between members are still encrypted.',
      IssuerNotSupported: 'tls.issuerRef is not supported yet.',
    },
  },
  MembersReachable: {
    meaning: 'The operator can ask every member.',
    reasons: {
      AllReachable: 'Every member answers.',
      Unreachable: 'A member does not answer.',
      Suspended: 'The cluster is suspended.',
    },
  },
  BackupHealthy: {
    meaning: 'Automatic snapshots succeed.',
    reasons: {
      NotConfigured: 'No automatic snapshots are asked for.',
      NotSupported: 'Snapshots are not supported yet.',
    },
  },
  Paused: {
    meaning: 'The operator only observes.',
    reasons: { PausedBySpec: 'spec.paused is true.', NotPaused: 'The operator works.' },
  },
  Reconciling: {
    meaning: 'The operator is at work (only while true).',
    reasons: {
      Creating: 'The cluster is being formed.',
      Updating: 'A change is being carried out.',
      ReplacingMember: 'A member that lost its disk is being made a new one.',
      RollingOut: 'Members are being restarted one by one.',
      Deleting: 'The cluster is being deleted.',
    },
  },
  Stalled: {
    meaning: 'The operator cannot go on without help (only while true).',
    reasons: {
      Invalid: 'The spec breaks a rule.',
      NameTaken: 'An object that the cluster needs exists and belongs to somebody else.',
      ForeignVolume: 'Volumes of another cluster are in the way.',
      MajorityLost: 'A shard has lost its majority.',
      ZoneUnavailable: 'A member is pinned to a zone that has no node for it.',
      Unschedulable: 'A pod cannot be scheduled.',
    },
  },
  CPULimited: {
    meaning: 'A CPU limit is set; throttling may break leases (only while true).',
    reasons: { LimitSet: 'resources.limits.cpu is set.' },
  },
} as const satisfies Readonly<Record<string, ConditionInfo>>;

export const USER_CONDITIONS = {
  Accepted: {
    meaning: 'The user is valid.',
    reasons: {
      Accepted: 'The user is valid.',
      Invalid: 'The spec breaks a rule of the schema.',
      AccessStringInvalid: 'The access string means nothing to the engine.',
      RestrictedCommand: 'The access string names a command that clients may never run.',
    },
  },
  Ready: {
    meaning: 'The user can be used by an ACL.',
    reasons: {
      Active: 'The user can be used by an ACL.',
      NotAccepted: 'The user is not accepted.',
      SecretNotFound: 'A Secret with a password does not exist.',
      SecretKeyMissing: 'A Secret lacks the key of the password.',
      PasswordLength: 'A password has fewer than 16 or more than 128 characters.',
    },
  },
} as const satisfies Readonly<Record<string, ConditionInfo>>;

export const ACL_CONDITIONS = {
  Accepted: {
    meaning: 'The ACL is valid.',
    reasons: { Accepted: 'The ACL is valid.', Invalid: 'The spec breaks a rule of the schema.' },
  },
  Ready: {
    meaning: 'Every user that it names is ready.',
    reasons: {
      Active: 'Every user that it names is ready.',
      ActiveDefaultOff:
        'Every user that it names is ready; default is off, because there is no User of that name.',
      UserNotFound: 'A user that it names does not exist.',
      UserNotReady: 'A user that it names is not ready.',
      NotAccepted: 'The ACL is not accepted.',
    },
  },
} as const satisfies Readonly<Record<string, ConditionInfo>>;

export const SNAPSHOT_CONDITIONS = {
  Accepted: {
    meaning: 'The snapshot is valid.',
    reasons: {
      Accepted: 'The snapshot is valid.',
      Invalid: 'The spec breaks a rule of the schema.',
    },
  },
  Ready: {
    meaning: 'The snapshot is complete.',
    reasons: {
      Pending: 'The snapshot has not been begun.',
      NotSupported: 'Snapshots are not supported yet.',
      ClusterNotFound: 'The cluster does not exist.',
    },
  },
} as const satisfies Readonly<Record<string, ConditionInfo>>;

type Table = Readonly<Record<string, ConditionInfo>>;
/** The condition types of a table. */
export type ConditionType<T extends Table> = keyof T & string;
/** The reasons of one condition type. */
export type ReasonOf<T extends Table, C extends keyof T> = keyof T[C]['reasons'] & string;

export type ClusterConditionType = ConditionType<typeof CLUSTER_CONDITIONS>;

/** Conditions that are there only while they are true (kstatus); all others are always there. */
export const ONLY_WHILE_TRUE: readonly ClusterConditionType[] = [
  'Reconciling',
  'Stalled',
  'CPULimited',
];

/** A condition as the controllers decide it; {@link mergeConditions} adds the times. */
export type ConditionIntent<T extends Table> = {
  [C in ConditionType<T>]: {
    readonly type: C;
    readonly status: 'True' | 'False' | 'Unknown';
    readonly reason: ReasonOf<T, C>;
    readonly message: string;
  };
}[ConditionType<T>];

/**
 * The conditions that status shall show: `intents`, with `lastTransitionTime` kept where the status has
 * not changed. Conditions that are not intended disappear.
 * @param now RFC 3339
 */
export function mergeConditions<T extends Table>(
  current: readonly ConditionValue[],
  intents: readonly ConditionIntent<T>[],
  generation: number,
  now: string,
): readonly ConditionValue[] {
  return intents.map(({ type, status, reason, message }) => {
    const before = current.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message };
  });
}
