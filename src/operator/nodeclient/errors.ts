/** What can go wrong between the operator and a member. The member's own codes pass through as they are. */

/**
 * Codes of the link itself; any other code is the member's own word (`NotPrimary`, `Stale`, …).
 *
 * - `Unreachable`: no connection, or it broke. A request that changes something may have been done.
 * - `DeadlineExceeded`: no complete answer in time. As above.
 * - `NotTheMember`: whoever answers does not prove to be a member of the cluster. Nothing was sent.
 * - `MalformedReply`: not the JSON that this version knows.
 */
export type LinkErrorCode = 'Unreachable' | 'DeadlineExceeded' | 'NotTheMember' | 'MalformedReply';

export class NodeClientError extends Error {
  override readonly name = 'NodeClientError';
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The rest of the member's error object (for `NotPrimary`: `primary`, a memberId or empty). */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { status?: number; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? 0;
    this.details = options.details ?? {};
  }
}

/** True when `error` means that the member could not be asked at all, so that asking later makes sense. */
export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof NodeClientError &&
    (error.code === 'Unreachable' || error.code === 'DeadlineExceeded')
  );
}
