/** What plan() may ask for. Every action may be repeated; a crash between any two is harmless. */
import type {
  BootstrapRecord,
  MembershipRequest,
  PeerHint,
  SetAsideRequest,
  Settings,
} from '#operator/nodeclient/wire.ts';
import type { Manifest } from '#operator/resources/manifest.ts';

export type Action =
  /** Make a CA and keep it in its Secret; an existing one is never replaced. */
  | { readonly type: 'make-ca'; readonly ca: 'peer' | 'client'; readonly clusterId: string }
  /** Issue the certificate of a member, or the one that clients see. */
  | { readonly type: 'issue'; readonly member: string | null; readonly why: string }
  | { readonly type: 'apply'; readonly manifest: Manifest }
  /** Create, never apply over: the first to create it decides. */
  | { readonly type: 'create'; readonly manifest: Manifest }
  /** Keep the settings in their Secret before anyone is given them. */
  | { readonly type: 'store-settings'; readonly settings: Settings }
  | { readonly type: 'bootstrap'; readonly member: string; readonly record: BootstrapRecord }
  /** An empty disk that the record does not name. */
  | { readonly type: 'join'; readonly member: string; readonly record: BootstrapRecord }
  /** Asked of the leader, `member`. */
  | ({ readonly type: 'change-membership'; readonly member: string } & MembershipRequest)
  | ({ readonly type: 'set-aside'; readonly member: string } & SetAsideRequest)
  | {
      readonly type: 'put-peers';
      readonly member: string;
      readonly hash: string;
      readonly peers: readonly PeerHint[];
    }
  | { readonly type: 'put-settings'; readonly member: string; readonly settings: Settings }
  | {
      readonly type: 'label-pod';
      readonly pod: string;
      readonly uid: string;
      readonly role: string;
    }
  | {
      readonly type: 'hand-over';
      readonly member: string;
      readonly configIndex: number;
      readonly term: number;
      /** memberId; '' leaves the choice to the primary. */
      readonly target: string;
      /** The command that asked for it, to be recorded. */
      readonly command: CommandRun | null;
    }
  /** Through the Eviction API; `force` deletes, for a pod that is of no use as it is. */
  | {
      readonly type: 'restart-pod';
      readonly pod: string;
      readonly uid: string;
      readonly force: boolean;
    };

/** A command given by annotation. */
export interface CommandRun {
  readonly name: string;
  readonly token: string;
}

/** Actions in phases: within one they run side by side, and a phase begins when the one before has ended. */
const PHASES: Readonly<Record<Action['type'], number>> = {
  'make-ca': 0,
  issue: 1,
  'store-settings': 1,
  apply: 2,
  create: 2,
  // 3: StatefulSets, when everything that their pods mount is there
  'put-peers': 4,
  bootstrap: 4,
  join: 4,
  'label-pod': 4,
  'put-settings': 5,
  // after the disruption budget
  'change-membership': 5,
  'set-aside': 5,
  'hand-over': 6,
  'restart-pod': 7,
};

export function phaseOf(action: Action): number {
  if (action.type === 'apply' && action.manifest.kind === 'StatefulSet') return 3;
  return PHASES[action.type];
}
