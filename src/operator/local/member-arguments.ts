/**
 * The command line of one member: the options that the operator would render for its pod, with the paths
 * and ports of this machine put over them.
 */
import { fileURLToPath } from 'node:url';
import { invariant } from '#base/invariant.ts';
import type { Options } from '#node/config/options.ts';
import { parseQuantity } from '#operator/api/quantity.ts';
import { nodeOptions } from '#operator/resources/member.ts';
import {
  dataResources,
  logOldSpaceMib,
  logResources,
  planMemory,
  smallestStorageBytes,
  v8Options,
} from '#operator/resources/memory.ts';
import { nodeArguments } from '#operator/resources/node-arguments.ts';
import type { Member } from '#operator/topology/members.ts';
import type { ClusterDefinition } from './definition.ts';
import type { ClusterFiles } from './files.ts';
import { LOOPBACK, type MemberPorts } from './ports.ts';

const sourceFile = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const LEASH = sourceFile('leash.ts');
/** Spares a member most of the time it takes to start: sources are parsed once, not by every process. */
const COMPILE_CACHE = sourceFile('../../../node_modules/.cache/holdfast');
/** As in the image: memory that is freed goes back to the system; the Dockerfile says why. */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_TRIM_THRESHOLD_: '16777216' };
const NODE_MAIN = fileURLToPath(import.meta.resolve('#node/main.ts'));

/**
 * Here all members are stopped at once: nobody is left to hand over to, and no client needs to be sent
 * elsewhere.
 */
const QUICK_FAREWELL: Partial<Options> = { handOverTimeoutMs: 1000, farewellMs: 100 };

export interface MemberCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** @param extra options beyond what the manifest says, for tests and benchmarks. */
export function memberCommand(
  definition: ClusterDefinition,
  member: Member & { readonly ports: MemberPorts },
  files: ClusterFiles,
  extra: Partial<Options>,
): MemberCommand {
  const { name, namespace, spec } = definition;
  const paths = files.member(member.name);
  const { maxmemoryBytes, oldSpaceMib, resources } = memoryOf(definition, member);
  const asPod = nodeOptions(
    { name, namespace, spec, clusterDomain: 'cluster.local', uid: '', operatorNamespace: '' },
    {
      member,
      image: '',
      zone: '',
      zoneSpread: 'Disabled',
      claimGeneration: 1,
      resources,
      maxmemoryBytes,
      oldSpaceMib,
    },
  );
  const here: Partial<Options> = {
    dataDir: paths.data,
    clientHost: LOOPBACK,
    clientPort: member.ports.client,
    peerHost: LOOPBACK,
    peerPort: member.ports.peer,
    pulsePort: member.ports.pulse,
    metricsHost: LOOPBACK,
    metricsPort: member.ports.metrics,
    adminHost: LOOPBACK,
    adminPort: member.ports.admin,
    advertiseHost: LOOPBACK,
    ...QUICK_FAREWELL,
    peerTlsDir: paths.peerTls,
    ...(asPod.encryptionKeyFile === undefined ? {} : { encryptionKeyFile: files.encryptionKey }),
    ...(asPod.clientTlsDir === undefined ? {} : { clientTlsDir: paths.clientTls }),
  };
  const options = nodeArguments({ ...asPod, ...here, ...extra });
  return {
    command: process.execPath,
    args: [...v8Options(member.kind, oldSpaceMib), '--import', LEASH, NODE_MAIN, ...options],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...MALLOC },
  };
}

/** As in a pod. `nodeType` names a row of a table that only the chart has: here it is left out. */
function memoryOf({ spec }: ClusterDefinition, member: Member) {
  const data = dataResources({ ...spec, nodeType: '' }, {});
  const own = member.kind === 'data' ? data : logResources(spec);
  invariant(!('refused' in data) && !('refused' in own), 'the definition was judged before');
  const bytes = (quantity: string): number => parseQuantity(quantity) ?? 0;
  const plan = planMemory(bytes(data.limits.memory), smallestStorageBytes(spec));
  const oldSpaceMib =
    member.kind === 'data' ? plan.oldSpaceMib : logOldSpaceMib(bytes(own.limits.memory));
  return { maxmemoryBytes: plan.maxmemoryBytes, oldSpaceMib, resources: own };
}
