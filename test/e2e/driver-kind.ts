/**
 * kind: nodes are Docker containers. The cluster needs three workers with zones as labels; where none is up,
 * one is made from kind.yaml and stays for the next run.
 */
import { join } from 'node:path';
import { CONTROL } from './driver.ts';
import type { Driver } from './driver.ts';
import { listNodes } from './driver-nodes.ts';
import { eventually, kubectl, run } from './shell.ts';

const CLUSTER = process.env['KIND_CLUSTER'] ?? 'holdfast-e2e';

export function kindDriver(): Driver {
  const docker = (...words: string[]): Promise<string> => run('docker', words);
  const addressOf = async (node: string): Promise<string> => {
    const container = node === CONTROL ? `${CLUSTER}-control-plane` : node;
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    return (await docker('inspect', '-f', format, container)).trim();
  };
  const iptables = (node: string, ...words: string[]): Promise<string> =>
    docker('exec', node, 'iptables', ...words);
  /** Node → addresses cut off there. */
  const cuts: [node: string, address: string][] = [];
  return {
    name: `kind cluster ${CLUSTER}`,
    async buildAndLoadImage(image, folder) {
      await ensureCluster();
      await run('docker', ['build', '-t', image, folder], { timeoutMs: 900_000 });
      await run('kind', ['load', 'docker-image', image, '--name', CLUSTER], { timeoutMs: 300_000 });
    },
    async stopNode(node) {
      await docker('kill', '--signal', 'KILL', node);
    },
    async startNode(node) {
      await docker('start', node);
      await eventually(`${node} is Ready`, 120_000, async () => {
        const path = '{.status.conditions[?(@.type=="Ready")].status}';
        const ready = await kubectl(['get', 'node', node, '-o', `jsonpath=${path}`]);
        return ready === 'True' ? true : undefined;
      });
    },
    async freezeNode(node) {
      await docker('pause', node);
    },
    async thawNode(node) {
      await docker('unpause', node);
    },
    async cutLink(node, other) {
      const address = await addressOf(other);
      // In raw, so that connections that are open already are cut too; pod traffic is between node addresses.
      await iptables(node, '-t', 'raw', '-I', 'PREROUTING', '-s', address, '-j', 'DROP');
      await iptables(node, '-t', 'raw', '-I', 'OUTPUT', '-d', address, '-j', 'DROP');
      await iptables(
        node,
        '-t',
        'mangle',
        '-I',
        'FORWARD',
        '-o',
        'eth0',
        '-d',
        address,
        '-j',
        'DROP',
      );
      cuts.push([node, address]);
      const pods = await podNetworkOf(other);
      if (pods === '') return;
      await iptables(node, '-t', 'raw', '-I', 'PREROUTING', '-s', pods, '-i', 'eth0', '-j', 'DROP');
      await iptables(node, '-t', 'mangle', '-I', 'FORWARD', '-d', pods, '-j', 'DROP');
      cuts.push([node, pods]);
    },
    async heal() {
      for (const [node] of cuts.splice(0)) {
        await iptables(node, '-t', 'raw', '-F');
        await iptables(node, '-t', 'mangle', '-F', 'FORWARD');
      }
    },
    nodes: listNodes,
  };
}

/** Pods of another node keep their own addresses on the wire: kind routes, it does not tunnel. */
async function podNetworkOf(node: string): Promise<string> {
  if (node === CONTROL) return '';
  return (await kubectl(['get', 'node', node, '-o', 'jsonpath={.spec.podCIDR}'])).trim();
}

async function ensureCluster(): Promise<void> {
  const clusters = (await run('kind', ['get', 'clusters'])).split('\n');
  if (clusters.includes(CLUSTER)) return;
  const config = join(import.meta.dirname, 'kind.yaml');
  await run(
    'kind',
    ['create', 'cluster', '--name', CLUSTER, '--config', config, '--wait', '180s'],
    {
      timeoutMs: 600_000,
    },
  );
}
