/** Our own servers: one shard as processes of local mode, with memory that is not the limit. */
import { readFileSync } from 'node:fs';
import type { Options } from '#node/config/options.ts';
import { LocalCluster } from '#operator/local/cluster.ts';
import { type ClusterDefinition, defineClusters } from '#operator/local/definition.ts';
import { parseManifests } from '#operator/local/manifest.ts';
import type { Server, ServerKind } from './server.ts';

export interface HoldfastServer extends Server {
  readonly cluster: LocalCluster;
  /** Of the primary: what its process says. */
  readonly logFile: string;
  /** Of the primary: port of /metrics. */
  readonly metricsPort: number;
  /** Files of the certificate that it shows to clients. */
  readonly certificate: { readonly key: string; readonly certificate: string; readonly ca: string };
}

export interface HoldfastOptions {
  readonly title: string;
  /** 1: the only log copy is the primary's own. 3: a primary, a replica and a log member. */
  readonly voters: 1 | 3;
  readonly durability: 'sync' | 'async';
  readonly tls?: boolean;
}

const MEMORY = '16Gi';
const STORAGE = '100Gi';
const SHARD = '0001';
/**
 * The inspector of a member chooses its port itself when a signal starts it: all members are on one
 * machine. Read by `node`, not by us.
 */
const NODE_OPTIONS = '--inspect-port=0';

/** 3 voters, sync: a reply means on two of three disks. 1 voter, sync: on its own disk. */
export function holdfast(options: HoldfastOptions): ServerKind<HoldfastServer> {
  return { title: options.title, start: (directory) => start(options, directory) };
}

async function start(options: HoldfastOptions, directory: string): Promise<HoldfastServer> {
  const pids = new Map<string, number>();
  process.env['NODE_OPTIONS'] = NODE_OPTIONS;
  // a limit would be reached by structures that are measured; there is memory enough, or the run ends
  const nodeOptions: Partial<Options> = { maxmemory: 0, durability: options.durability };
  const cluster = new LocalCluster({
    definition: define(options),
    directory,
    basePort: 0,
    nodeOptions,
    onEvent: (event) => {
      if (event.type === 'started') pids.set(event.name, event.pid);
      if (event.type === 'exited' && event.restartInMs !== null) {
        process.stderr.write(
          `${event.name} ended with ${event.code ?? event.signal}:\n${lastLines(event.logFile)}\n`,
        );
      }
    },
  });
  try {
    await cluster.start();
    const primary = await cluster.primaryOf(SHARD);
    const member = cluster.members().find(({ name }) => name === primary);
    if (primary === null || member === undefined) throw new Error('the shard has no primary');
    const tls = `${directory}/bench/${primary}/tls/client`;
    return {
      cluster,
      title: options.title,
      port: member.ports.client,
      caFile: options.tls === true ? cluster.caFile : null,
      logFile: member.logFile,
      metricsPort: member.ports.metrics,
      certificate: { key: `${tls}/tls.key`, certificate: `${tls}/tls.crt`, ca: cluster.caFile },
      pids: () =>
        [primary, ...[...pids.keys()].filter((name) => name !== primary)].map(
          (name) => pids.get(name) ?? 0,
        ),
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  } finally {
    delete process.env['NODE_OPTIONS'];
  }
}

function define({ voters, durability, tls = false }: HoldfastOptions): ClusterDefinition {
  const manifest = {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'MemoryCluster',
    metadata: { name: 'bench' },
    spec: {
      tlsEnabled: tls,
      durability,
      numReplicasPerShard: voters === 1 ? 0 : 1,
      resources: { limits: { memory: MEMORY } },
      storage: { size: STORAGE },
    },
  };
  const [definition] = defineClusters(parseManifests('bench', JSON.stringify(manifest)));
  if (voters === 3) return definition;
  // fewer copies than a manifest may ask for: to measure one disk against one disk
  const transactionLog = { ...definition.spec.transactionLog, copies: 1 };
  return { ...definition, spec: { ...definition.spec, transactionLog } };
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-6).join('\n');
}
