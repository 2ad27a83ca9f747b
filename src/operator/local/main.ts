/**
 * The command line, `holdfast`. One command so far: `local` runs the clusters of Kubernetes manifests as
 * processes on this machine until it is interrupted.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LocalCluster, LocalClusterError } from './cluster.ts';
import { type ClusterDefinition, defineClusters } from './definition.ts';
import { loadManifests, ManifestError } from './manifest.ts';
import { PortTakenError } from './ports.ts';
import { connectHints, eventLine, memberLines, seconds, untilInterrupted } from './terminal.ts';

const USAGE = `Usage: holdfast local MANIFEST… [--data DIR] [--base-port N] [--once]

Runs the MemoryClusters of Kubernetes manifests (with their User, ACL and Secret objects) as processes
on this machine and keeps them running, until Ctrl-C.

  --data DIR       where everything is kept, also for the next time (default: .data)
  --base-port N    port of the first data member; others follow (default: as before, or spec.port)
  --once           stop as soon as every cluster is ready
  --version        print the version and exit
`;

/** A wrong command line. */
class UsageError extends Error {}

interface Command {
  readonly manifests: readonly string[];
  readonly directory: string;
  readonly basePort: number | null;
  readonly once: boolean;
}

function readCommand(args: readonly string[]): Command | { readonly print: string } {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.version) return { print: `holdfast ${version()}\n` };
  if (values.help || positionals.length === 0) return { print: USAGE };
  const [command, ...manifests] = positionals;
  if (command !== 'local') throw new UsageError(`there is no command ${command}`);
  if (manifests.length === 0) throw new UsageError('local needs at least one manifest');
  let basePort: number | null = null;
  if (values['base-port'] !== undefined) {
    basePort = Number(values['base-port']);
    if (!Number.isInteger(basePort) || basePort < 1024 || basePort > 60_000) {
      throw new UsageError(`--base-port ${values['base-port']} must be 1024 to 60000`);
    }
  }
  return { manifests, directory: values.data, basePort, once: values.once };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      data: { type: 'string', default: '.data' },
      'base-port': { type: 'string' },
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  });
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

/** Starts the clusters one after another, each on the ports after the last one's. */
async function runLocal(command: Command): Promise<void> {
  const definitions = defineClusters(loadManifests(command.manifests));
  const clusters: LocalCluster[] = [];
  const interrupted = untilInterrupted();
  try {
    let nextPort = command.basePort;
    for (const definition of definitions) {
      const cluster = makeCluster(definition, command.directory, nextPort);
      clusters.push(cluster);
      const starting = startCluster(cluster, definition);
      if ((await Promise.race([starting, interrupted])) === 'interrupted') return;
      nextPort = (cluster.endpoints.at(-1)?.port ?? 0) + 1;
    }
    if (command.once) return;
    console.log('\nRunning until Ctrl-C.');
    await interrupted;
  } finally {
    if (clusters.length > 0) console.log('Stopping…');
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
}

function makeCluster(
  definition: ClusterDefinition,
  directory: string,
  basePort: number | null,
): LocalCluster {
  return new LocalCluster({
    definition,
    directory,
    ...(basePort === null ? {} : { basePort }),
    onEvent: (event) => {
      const line = eventLine(event);
      if (line !== null) console.log(`${definition.name}: ${line}`);
    },
  });
}

async function startCluster(cluster: LocalCluster, definition: ClusterDefinition): Promise<void> {
  const startedAtMs = performance.now();
  console.log(`${definition.name}: starting`);
  if (definition.inactive.length > 0) {
    console.log(`${definition.name}: without effect for now: ${definition.inactive.join(', ')}`);
  }
  await cluster.start();
  console.log(`${definition.name}: ready after ${seconds(performance.now() - startedAtMs)}`);
  for (const line of await memberLines(cluster)) console.log(`  ${line}`);
  for (const line of connectHints(cluster)) console.log(`  ${line}`);
}

try {
  const command = readCommand(process.argv.slice(2));
  if ('print' in command) process.stdout.write(command.print);
  else await runLocal(command);
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`holdfast: ${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
  } else if (
    error instanceof ManifestError ||
    error instanceof PortTakenError ||
    error instanceof LocalClusterError
  ) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
