/** The command line of one member: the same binary and options as in a pod, on loopback. */
import { fileURLToPath } from 'node:url';
import { optionName } from '#node/config/arguments.ts';
import type { OptionKey } from '#node/config/options.ts';
import type { Member } from '#operator/topology/members.ts';
import type { ClusterDefinition } from './definition.ts';
import type { ClusterFiles } from './files.ts';
import { LOOPBACK, type MemberPorts } from './ports.ts';

const sourceFile = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const LEASH = sourceFile('./leash.ts');
const NODE_MAIN = sourceFile('../../node/main.ts');

export interface MemberCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** @param extra options beyond what the manifest says, for tests and benchmarks. */
export function memberCommand(
  definition: ClusterDefinition,
  member: Member & { readonly ports: MemberPorts },
  files: ClusterFiles,
  extra: Partial<Record<OptionKey, string>>,
): MemberCommand {
  const { spec } = definition;
  const paths = files.member(member.name);
  const options: Partial<Record<OptionKey, string>> = {
    member: member.name,
    shard: member.shard,
    cluster: definition.name,
    namespace: definition.namespace,
    kind: member.kind,
    dataDir: paths.data,
    clientHost: LOOPBACK,
    clientPort: String(member.ports.client),
    peerHost: LOOPBACK,
    peerPort: String(member.ports.peer),
    metricsHost: LOOPBACK,
    metricsPort: String(member.ports.metrics),
    adminHost: LOOPBACK,
    adminPort: String(member.ports.admin),
    advertiseHost: LOOPBACK,
    peerTlsDir: paths.peerTls,
    engine: spec.engine,
    engineVersion: spec.engineVersion,
    durability: spec.durability,
    asyncLossBoundMs: String(spec.asyncLossBoundMs),
    ...(spec.tlsEnabled
      ? { clientTlsDir: paths.clientTls, clientAuth: spec.tls.clientAuth.toLowerCase() }
      : {}),
    ...extra,
  };
  const args = ['--import', LEASH, NODE_MAIN];
  for (const [key, value] of Object.entries(options)) {
    args.push(`--${optionName(key as OptionKey)}`, value);
  }
  return { command: process.execPath, args };
}
