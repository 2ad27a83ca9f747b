/**
 * What can go wrong between us and the API server, each with a stable `code`: the reason that the
 * server gave in its Status (`NotFound`, `Conflict`, `AlreadyExists`, `Expired`…), or one of ours.
 */

/** The API server answered with an error. `code` is its reason; `status` the HTTP status. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** From `Retry-After`; 0 when the server named no time. */
  readonly retryAfterMs: number;

  constructor(status: number, code: string, message: string, retryAfterMs = 0) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A request did not end in time (`DeadlineExceeded`) or a watch fell silent (`WatchSilent`). */
export class DeadlineError extends Error {
  readonly code: string;

  constructor(code: 'DeadlineExceeded' | 'WatchSilent', message: string) {
    super(message);
    this.name = 'DeadlineError';
    this.code = code;
  }
}

/** An object of that name exists and is not ours: it is never applied over. */
export class NameTakenError extends Error {
  readonly code = 'NameTaken';
  readonly kind: string;
  readonly objectName: string;

  constructor(kind: string, objectName: string) {
    super(`${kind} ${objectName} exists and does not belong to this object`);
    this.name = 'NameTakenError';
    this.kind = kind;
    this.objectName = objectName;
  }
}

/** The object belonged to a predecessor of the same name and is about to be collected: try later. */
export class LeftoverError extends Error {
  readonly code = 'Leftover';

  constructor(kind: string, objectName: string) {
    super(`${kind} ${objectName} is left over from a predecessor and will go`);
    this.name = 'LeftoverError';
  }
}

/** The stable code of anything thrown: `code` where it is a string, else the name of the error. */
export function errorCode(error: unknown): string {
  if (typeof error === 'object' && error !== null) {
    const { code, name } = error as { code?: unknown; name?: unknown };
    if (typeof code === 'string' && code !== '') return code;
    if (typeof name === 'string' && name !== '') return name;
  }
  return 'Unknown';
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True when the object is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** True when someone else was first: a stale resourceVersion or an existing name. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The error in a response of HTTP status `status` whose body may be a Kubernetes Status. */
export function apiErrorFrom(status: number, body: string, retryAfter: string): ApiError {
  let reason = REASONS[status] ?? `Http${status}`;
  let message = body.slice(0, 500);
  try {
    const parsed = JSON.parse(body) as { reason?: unknown; message?: unknown; code?: unknown };
    if (typeof parsed.reason === 'string' && parsed.reason !== '') reason = parsed.reason;
    if (typeof parsed.message === 'string') message = parsed.message;
  } catch {
    // Not a Status: a proxy's page, or nothing. The HTTP status says enough.
  }
  const seconds = Number(retryAfter);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
  return new ApiError(status, reason, message === '' ? reason : message, retryAfterMs);
}
