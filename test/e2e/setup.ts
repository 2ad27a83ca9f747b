/**
 * Once for all files: builds and loads the images, installs the chart in a namespace of its own. Afterwards the chart
 * is removed, unless E2E_KEEP is set. The chart's CRDs stay, as they do for users.
 */
import { join } from 'node:path';
import { driver } from './choose-driver.ts';
import { CLIENTS_FOLDER, clientsImage, holdfastImage, PROJECT_FOLDER } from './images.ts';
import { kubectl, run } from './shell.ts';

export const RELEASE = 'holdfast';
export const SYSTEM_NAMESPACE = 'holdfast-system';

export async function setup(): Promise<() => Promise<void>> {
  const cluster = driver();
  const image = holdfastImage();
  console.log(`e2e: on ${cluster.name} with ${image}`);
  if (process.env['E2E_IMAGE'] === undefined) {
    await cluster.buildAndLoadImage(image, PROJECT_FOLDER);
  }
  if (process.env['E2E_CLIENTS_IMAGE'] === undefined) {
    await cluster.buildAndLoadImage(clientsImage(), CLIENTS_FOLDER);
  }
  await cluster.heal();
  await refuseOtherOperators();
  await dropNamespaces();
  await install(image);
  return async () => {
    if (process.env['E2E_KEEP'] !== undefined) return;
    await dropNamespaces();
    await run('helm', ['uninstall', RELEASE, '--namespace', SYSTEM_NAMESPACE, '--wait']);
  };
}

async function install(image: string): Promise<void> {
  const colon = image.lastIndexOf(':');
  const chart = join(PROJECT_FOLDER, 'charts', 'holdfast');
  const startedMs = performance.now();
  const values = [
    `image.repository=${image.slice(0, colon)}`,
    `image.tag=${image.slice(colon + 1)}`,
    'logLevel=debug',
  ];
  const where = [
    '--namespace',
    SYSTEM_NAMESPACE,
    '--create-namespace',
    '--wait',
    '--timeout',
    '5m',
  ];
  const set = values.flatMap((value) => ['--set', value]);
  await run('helm', ['upgrade', '--install', '--take-ownership', RELEASE, chart, ...where, ...set]);
  console.log(`e2e: helm install took ${Math.round(performance.now() - startedMs)} ms`);
}

/** Two operators over the same objects would fight. */
async function refuseOtherOperators(): Promise<void> {
  const selector = 'app.kubernetes.io/name=holdfast-operator';
  const path = 'jsonpath={range .items[*]}{.metadata.namespace}{"\\n"}{end}';
  const found = await kubectl(['get', 'deployments', '-A', '-l', selector, '-o', path]);
  const others = found.split('\n').filter((name) => name !== '' && name !== SYSTEM_NAMESPACE);
  if (others.length > 0) {
    throw new Error(`another operator is installed in ${others.join(', ')}: remove it first`);
  }
}

/** What earlier runs left. */
export async function dropNamespaces(): Promise<void> {
  const words = ['delete', 'namespaces', '-l', 'holdfast.dev/e2e', '--ignore-not-found', '--wait'];
  await kubectl(words, { timeoutMs: 600_000 });
}
