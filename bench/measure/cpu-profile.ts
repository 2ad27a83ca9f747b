/** Where the time goes, from a profile of V8's sampling profiler (`Profiler.stop`). */

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** By sample: the id of the node that ran. */
  readonly samples: readonly number[];
  /** By sample: microseconds since the one before. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    /** From 0. */
    readonly lineNumber: number;
  };
}

export interface Share {
  readonly name: string;
  /** Of the time in which the thread was not idle. */
  readonly part: number;
}

const IDLE = '(idle)';

/** Self time by function, longest first: `setString keyspace/store.ts:120`. */
export function byFunction(profile: CpuProfile): Share[] {
  return shares(profile, ({ callFrame: { functionName, url, lineNumber } }) => {
    if (url === '') return functionName;
    return `${functionName || '(anonymous)'} ${shortUrl(url)}:${lineNumber + 1}`;
  });
}

/** Self time by room (`#node/keyspace`), Node's own code, and V8's own entries. */
export function byRoom(profile: CpuProfile): Share[] {
  return shares(profile, ({ callFrame: { functionName, url } }) => roomOf(url, functionName));
}

/** The part of the time in which the thread had nothing to do. */
export function idlePart(profile: CpuProfile): number {
  const { total, idle } = times(profile, () => '');
  return total === 0 ? 0 : idle / total;
}

export function roomOf(url: string, functionName: string): string {
  const [, room] = /\/src\/(base|(?:node|operator)\/[^/]+)(?:\/|$)/.exec(url) ?? [];
  if (room !== undefined) return room === 'base' ? '#base' : `#${room}`;
  if (url.startsWith('node:')) return "Node's own JavaScript";
  if (functionName === '(program)') return 'native code: V8, libuv, the kernel';
  if (functionName === '(garbage collector)') return 'garbage collection';
  return url === '' ? 'built-in functions' : 'packages';
}

function shortUrl(url: string): string {
  return url.split('/').slice(-2).join('/');
}

function shares(profile: CpuProfile, nameOf: (node: ProfileNode) => string): Share[] {
  const { byName, total, idle } = times(profile, nameOf);
  const busy = Math.max(1, total - idle);
  return [...byName]
    .map(([name, microseconds]) => ({ name, part: microseconds / busy }))
    .sort((a, b) => b.part - a.part);
}

function times(profile: CpuProfile, nameOf: (node: ProfileNode) => string) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const byName = new Map<string, number>();
  let total = 0;
  let idle = 0;
  for (const [at, id] of profile.samples.entries()) {
    const node = nodes.get(id);
    const microseconds = profile.timeDeltas[at];
    if (node === undefined || microseconds <= 0) continue;
    total += microseconds;
    if (node.callFrame.functionName === IDLE) {
      idle += microseconds;
      continue;
    }
    const name = nameOf(node);
    byName.set(name, (byName.get(name) ?? 0) + microseconds);
  }
  return { byName, total, idle };
}
