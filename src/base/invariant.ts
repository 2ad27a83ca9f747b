/**
 * Invariants: what must hold if our own code is right. A broken one stops the process, because a
 * member that goes on in an unknown state could acknowledge a write that is not safe.
 * Errors of callers and of the world are not invariants: they are values or `Error`s with a `code`.
 */

/** Thrown by {@link invariant}; nothing but the top of the process may catch it. */
export class InvariantError extends Error {
  readonly code = 'INVARIANT';
}

/** Throws {@link InvariantError} when `condition` is false. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${message}`);
}

/** Marks a place that the compiler knows cannot be reached; a closed set was extended otherwise. */
export function unreachable(value: never): never {
  throw new InvariantError(`invariant broken: unexpected ${String(value)}`);
}
