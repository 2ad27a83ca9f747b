/**
 * The zones of nodes, by node name. Nodes are not watched (their heartbeats would be most of the traffic); their
 * labels are read now and then. Where the operator may not read them, zones are unknown.
 */
import type { KubeClient } from '#operator/kube/client.ts';
import { ApiError } from '#operator/kube/errors.ts';

const ZONE = 'topology.kubernetes.io/zone';
const FRESH_MS = 60_000;

export class NodeZones {
  readonly #client: KubeClient;
  #zones: ReadonlyMap<string, string> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<ReadonlyMap<string, string>> | null = null;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Node name → zone ('' when it has none), at most a minute old. */
  async read(): Promise<ReadonlyMap<string, string>> {
    if (performance.now() - this.#readAtMs < FRESH_MS) return this.#zones;
    this.#reading ??= this.#list().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #list(): Promise<ReadonlyMap<string, string>> {
    try {
      const { items } = await this.#client.list('Node', '', { metadataOnly: true });
      this.#zones = new Map(
        items.map(({ metadata }) => [metadata.name, metadata.labels?.[ZONE] ?? '']),
      );
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
    }
    this.#readAtMs = performance.now();
    return this.#zones;
  }
}
