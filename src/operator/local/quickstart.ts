/**
 * `npm run quickstart`: a whole durable cluster in a few seconds, and the promise shown rather than told:
 * a key is written, the primary is killed with -9, the key is still there. Then it stays up until Ctrl-C;
 * with `--once` it ends there. Everything it made is removed at the end.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { Cluster } from 'ioredis';
import { LocalCluster } from './cluster.ts';
import { defineClusters } from './definition.ts';
import { loadManifests } from './manifest.ts';
import { choosePorts, PortTakenError } from './ports.ts';
import { memberLines, seconds, untilInterrupted } from './terminal.ts';

const MANIFEST = join(import.meta.dirname, '../../../examples/quickstart.yaml');
/** Tried in turn: somebody who tries this may well have a Redis running. */
const BASE_PORTS = [6379, 7379, 0];
const SHARD = '0001';

const bold = (text: string): string => styleText('bold', text);
const green = (text: string): string => styleText('green', text);
const red = (text: string): string => styleText('red', text);

function say(text = ''): void {
  console.log(text === '' ? '' : `  ${text}`);
}

async function firstFreeBase(): Promise<number> {
  for (const base of BASE_PORTS) {
    try {
      await choosePorts(['data', 'data', 'log'], base);
      return base;
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error;
    }
  }
  return 0;
}

async function makeCluster(directory: string): Promise<LocalCluster> {
  const [definition] = defineClusters(loadManifests([MANIFEST]));
  return new LocalCluster({ definition, directory, basePort: await firstFreeBase() });
}

async function start(cluster: LocalCluster): Promise<void> {
  const startedAtMs = performance.now();
  say(
    `Starting ${bold('examples/quickstart.yaml')}: a primary, a replica and a log member, TLS on.`,
  );
  await cluster.start();
  say(`${green('Ready')} after ${seconds(performance.now() - startedAtMs)}.`);
  say();
  for (const line of await memberLines(cluster)) say(`  ${line}`);
}

function explainConnecting(cluster: LocalCluster): void {
  const [{ port }] = cluster.endpoints;
  say();
  say(bold('Connect with redis-cli'));
  say(`  redis-cli -c -p ${port} --tls --cacert ${cluster.caFile}`);
  say();
  say(bold('or from a program'));
  say(`  import { Cluster } from 'ioredis';`);
  say(`  const ca = readFileSync('${cluster.caFile}');`);
  say(`  new Cluster([{ host: '127.0.0.1', port: ${port} }], { redisOptions: { tls: { ca } } });`);
  say();
}

function connect(cluster: LocalCluster): Cluster {
  const client = new Cluster(cluster.endpoints, {
    redisOptions: {
      tls: { ca: readFileSync(cluster.caFile) },
      connectTimeout: 1000,
      maxRetriesPerRequest: 0,
    },
    slotsRefreshTimeout: 1000,
    clusterRetryStrategy: () => 50,
    retryDelayOnFailover: 20,
    retryDelayOnClusterDown: 20,
    retryDelayOnTryAgain: 20,
    maxRedirections: 3,
    enableOfflineQueue: true,
  });
  // each failed command reports for itself
  client.on('error', () => {});
  return client;
}

/** Writes until one write is acknowledged; returns when it was, in ms of the monotonic clock. */
async function firstWrite(client: Cluster): Promise<number> {
  for (;;) {
    try {
      await client.set('beat', String(Date.now()));
      return performance.now();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

async function demonstrate(cluster: LocalCluster): Promise<void> {
  const client = connect(cluster);
  try {
    const greeting = `written at ${new Date().toISOString()}`;
    await client.set('greeting', greeting);
    say(`SET greeting ${JSON.stringify(greeting)}   ${green('OK')}: on disk in 2 of 3 log copies`);
    say(`GET greeting   ${JSON.stringify(await client.get('greeting'))}`);
    const primary = await cluster.primaryOf(SHARD);
    if (primary === null) throw new Error('the shard has no primary');
    cluster.kill(primary, 'SIGKILL');
    const killedAtMs = performance.now();
    say(red(`kill -9 ${primary}`) + `, the primary`);
    const refusedMs = (await firstWrite(client)) - killedAtMs;
    const successor = await cluster.primaryOf(SHARD);
    const found = await client.get('greeting');
    if (found !== greeting) throw new Error(`the key is gone: ${String(found)}`);
    say(`GET greeting   ${JSON.stringify(found)}   ${green('still there')}`);
    say(`Writes were refused for ${bold(seconds(refusedMs))}; ${successor ?? '?'} is primary now.`);
    await cluster.ready();
    say(`${primary} was started again and has caught up.`);
  } finally {
    client.disconnect();
  }
}

async function main(once: boolean): Promise<void> {
  const interrupted = untilInterrupted();
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-quickstart-'));
  const cluster = await makeCluster(directory);
  try {
    say();
    const show = (async () => {
      await start(cluster);
      explainConnecting(cluster);
      await demonstrate(cluster);
    })();
    if ((await Promise.race([show, interrupted])) === 'interrupted') {
      // what is under way fails when the members stop; that is no news
      show.catch(() => {});
      return;
    }
    if (once) return;
    say();
    say(`The cluster stays up until ${bold('Ctrl-C')}.`);
    await interrupted;
  } finally {
    say();
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
    say('Stopped, and cleaned up.');
  }
}

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
await main(values.once);
