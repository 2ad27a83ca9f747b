/** Connections to the members' admin API, kept alive, and what each was last told. Nothing here decides. */
import { errorCode, errorMessage } from '#operator/kube/errors.ts';
import { NodeClient } from '#operator/nodeclient/client.ts';
import { ADMIN_PORT } from '#operator/resources/names.ts';
import type { MemberFacts, PodFacts } from './observed.ts';

/** What the operator shows to members of one cluster. */
export interface OperatorIdentity {
  readonly clusterId: string;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

interface Connection {
  readonly client: NodeClient;
  /** Address, pod and certificate that it is for; another one needs another connection. */
  readonly fingerprint: string;
  peersHash: string;
}

export class MemberPool {
  readonly #connections = new Map<string, Connection>();
  readonly #identityOf: (cluster: string) => Promise<OperatorIdentity | null>;
  readonly #onFailure: (code: string) => void;

  constructor(
    identityOf: (cluster: string) => Promise<OperatorIdentity | null>,
    onFailure: (code: string) => void,
  ) {
    this.#identityOf = identityOf;
    this.#onFailure = onFailure;
  }

  /** The member's own word; `status` null with the reason when it cannot be had. */
  async ask(
    cluster: string,
    name: string,
    pod: PodFacts | null,
    clusterId: string | undefined,
  ): Promise<MemberFacts> {
    const nothing = (error: string): MemberFacts => ({
      name,
      pod,
      status: null,
      error,
      peersHash: '',
    });
    if (pod === null) return nothing('it has no pod');
    if (pod.ip === '') return nothing('its pod has no address yet');
    const identity = await this.#identityOf(cluster);
    if (identity === null || clusterId === undefined) return nothing('there is no peer CA yet');
    const connection = this.#connect(`${cluster}/${name}`, pod, identity);
    try {
      const status = await connection.client.status();
      return { name, pod, status, error: '', peersHash: connection.peersHash };
    } catch (error) {
      this.#onFailure(errorCode(error));
      return nothing(errorMessage(error));
    }
  }

  /** The connection of the last {@link ask}; null when there is none. */
  client(cluster: string, name: string): NodeClient | null {
    return this.#connections.get(`${cluster}/${name}`)?.client ?? null;
  }

  toldPeers(cluster: string, name: string, hash: string): void {
    const connection = this.#connections.get(`${cluster}/${name}`);
    if (connection !== undefined) connection.peersHash = hash;
  }

  /** Closes what belongs to a cluster that is gone. */
  forget(cluster: string): void {
    for (const [key, { client }] of this.#connections) {
      if (!key.startsWith(`${cluster}/`)) continue;
      client.close();
      this.#connections.delete(key);
    }
  }

  #connect(key: string, pod: PodFacts, identity: OperatorIdentity): Connection {
    const fingerprint = [pod.ip, pod.uid, identity.certificate, identity.ca].join('\0');
    const kept = this.#connections.get(key);
    if (kept?.fingerprint === fingerprint) return kept;
    kept?.client.close();
    const client = new NodeClient({
      host: pod.ip,
      port: ADMIN_PORT,
      tls: { cert: identity.certificate, key: identity.key, ca: identity.ca },
      clusterId: identity.clusterId,
    });
    const connection: Connection = { client, fingerprint, peersHash: '' };
    this.#connections.set(key, connection);
    return connection;
  }
}
