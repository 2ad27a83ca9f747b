/** What a Reflector does about an error: list again or watch again, and after how long. */
import type { Backoff } from './backoff.ts';
import { ApiError } from './errors.ts';

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

/** True when the resourceVersion is of no use any more: 410 as a status or as an event. */
export function isExpired(error: unknown): boolean {
  const root = rootOf(error);
  if (root instanceof ApiError) return root.status === 410 || root.status === 400;
  return (root as { code?: unknown } | null)?.code === 'Expired';
}

/** The wait before the next attempt; the server's Retry-After is kept. */
export function backoffFor(error: unknown, backoff: Backoff): number {
  const root = rootOf(error);
  return backoff.nextMs(root instanceof ApiError ? root.retryAfterMs : 0);
}
