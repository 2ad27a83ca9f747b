/** The nodes that run pods, as Kubernetes lists them. */
import type { Node } from './driver.ts';
import { kubectl } from './shell.ts';

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    readonly spec: { readonly taints?: readonly { readonly effect: string }[] };
  }[];
}

export async function listNodes(): Promise<readonly Node[]> {
  const list = JSON.parse(await kubectl(['get', 'nodes', '-o', 'json'])) as NodeList;
  return list.items
    .filter(({ spec }) => !(spec.taints ?? []).some(({ effect }) => effect === 'NoSchedule'))
    .map(({ metadata }) => ({
      name: metadata.name,
      zone: metadata.labels['topology.kubernetes.io/zone'] ?? '',
    }));
}
