/**
 * Which arguments of a command are keys, read from its key specs. The slot check, the ACL check and COMMAND
 * GETKEYS all use this, so no shared code knows a command's arguments.
 */
import type { Arguments } from '#node/resp/arguments.ts';
import type { CommandSpec, KeySpec } from './spec.ts';

/** More than so many keys are forgotten when the next command comes. */
const KEPT_POSITIONS = 1024;

/**
 * The result of {@link extractKeys}: reused, so it is valid until the next call with it.
 * `positions[k]` is an argument's index, `specs[k]` the key spec that named it; k below `count`.
 */
export class KeyPositions {
  count = 0;
  readonly positions: number[] = [];
  readonly specs: KeySpec[] = [];

  /** The arrays keep what is in them, unless it is much: cut, they would be allocated anew for the next command. */
  clear(): void {
    if (this.count > KEPT_POSITIONS) {
      this.positions.length = 0;
      this.specs.length = 0;
    }
    this.count = 0;
  }

  add(position: number, spec: KeySpec): void {
    this.positions[this.count] = position;
    this.specs[this.count++] = spec;
  }
}

/**
 * Finds the keys of a command whose arity has been checked. Specs flagged `not_key` are taken too (their
 * arguments decide the slot); a caller that wants keys only looks at the flags. Returns false when the
 * arguments are malformed (a key count that is no number or goes past the end); `out` is then empty.
 */
export function extractKeys(spec: CommandSpec, args: Arguments, out: KeyPositions): boolean {
  out.clear();
  for (const keys of spec.keys) {
    if (!extractFromSpec(keys, args, out)) {
      out.clear();
      return false;
    }
  }
  return true;
}

function extractFromSpec(spec: KeySpec, args: Arguments, out: KeyPositions): boolean {
  const begin = findBegin(spec, args);
  if (begin < 0) return true;
  const { find } = spec;
  if ('unknown' in find) {
    out.add(begin, spec);
    return true;
  }
  if ('keyNumIndex' in find) {
    const at = begin + find.keyNumIndex;
    const keyCount = at < args.count ? args.clampedInteger(at) : undefined;
    if (keyCount === undefined || keyCount < 0) return false;
    const first = begin + find.first;
    if (keyCount > 0 && first + (keyCount - 1) * find.step >= args.count) return false;
    for (let k = 0; k < keyCount; k++) out.add(first + k * find.step, spec);
    return true;
  }
  let last: number;
  if (find.last >= 0) {
    last = begin + find.last;
  } else {
    last = args.count + find.last;
    if (find.limit > 1) last = begin + Math.floor((args.count - begin) / find.limit) + find.last;
  }
  if (last >= args.count) return false;
  for (let at = begin; at <= last; at += find.step) out.add(at, spec);
  return true;
}

/** The index of the spec's first argument, -1 when its keyword is not there. */
function findBegin(spec: KeySpec, args: Arguments): number {
  const { begin } = spec;
  if ('locate' in begin) return begin.locate(args);
  if ('index' in begin) return begin.index < args.count ? begin.index : -1;
  if (begin.startFrom >= 0) {
    for (let at = begin.startFrom; at < args.count - 1; at++) {
      if (args.equalsIgnoreCase(at, begin.keyword)) return at + 1;
    }
    return -1;
  }
  for (let at = args.count + begin.startFrom; at > 0; at--) {
    if (args.equalsIgnoreCase(at, begin.keyword)) return at + 1;
  }
  return -1;
}
