/**
 * What a local cluster remembers between runs besides its members' data: the ports (an address that
 * clients were told stays true) and which settings revision stands for which content.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Member } from '#operator/topology/members.ts';
import { type ClusterFiles, readJson, writeFile } from './files.ts';
import { assertClientPortsFree, choosePorts, isFree, type MemberPorts } from './ports.ts';

export interface ClusterState {
  readonly clusterId: string;
  readonly ports: Readonly<Record<string, MemberPorts>>;
  readonly settings: { readonly revision: number; readonly hash: string };
}

/**
 * The state to start with: what was remembered, brought up to date with `members` and `basePort`
 * (null: as before, or else `defaultPort`; 0: any free). Not written yet.
 */
export async function loadState(
  files: ClusterFiles,
  members: readonly Member[],
  basePort: number | null,
  defaultPort: number,
): Promise<ClusterState> {
  const before = readJson(files.state) as ClusterState | null;
  const known = members.map(({ name }) => before?.ports[name]);
  const kept = known.every((ports) => ports !== undefined) ? known : null;
  const first = kept?.[0].client;
  const keep = kept !== null && (basePort === null || basePort === 0 || basePort === first);
  let ports: MemberPorts[];
  if (keep) {
    ports = kept;
    await assertClientPortsFree(ports);
    if (!(await hiddenPortsFree(ports))) ports = await choosePorts(kinds(members), ports[0].client);
  } else {
    ports = await choosePorts(kinds(members), basePort ?? defaultPort);
  }
  return {
    clusterId: before?.clusterId ?? randomUUID(),
    ports: Object.fromEntries(members.map(({ name }, at) => [name, ports[at]])),
    settings: before?.settings ?? { revision: 0, hash: '' },
  };
}

export function saveState(files: ClusterFiles, state: ClusterState): void {
  writeFile(files.state, `${JSON.stringify(state, null, 2)}\n`);
}

/**
 * The revision under which `content` is given to the shards: as before when it is the same, else the next.
 */
export function nextSettings(
  before: ClusterState['settings'],
  content: unknown,
): ClusterState['settings'] {
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  if (hash === before.hash) return before;
  return { revision: before.revision + 1, hash };
}

function kinds(members: readonly Member[]): ('data' | 'log')[] {
  return members.map(({ kind }) => kind);
}

async function hiddenPortsFree(ports: readonly MemberPorts[]): Promise<boolean> {
  for (const { peer, metrics, admin } of ports) {
    for (const port of [peer, metrics, admin]) if (!(await isFree(port))) return false;
  }
  return true;
}
