/**
 * The certificates of a cluster, in Secrets: what is there, and making what is not. Two CAs: one for clients,
 * one for members and the operator, whose Secret also keeps the cluster's id. Keys do not leave this file
 * but into Secrets.
 */
import { randomUUID } from 'node:crypto';
import type { MemoryCluster } from '#operator/api/kinds.ts';
import type { Parsed } from '#operator/api/parse.ts';
import { REFERENCED_SECRET_MS, secretText } from '#operator/controllers/secrets.ts';
import type { World } from '#operator/controllers/world.ts';
import { isLeftover, ownedBy } from '#operator/kube/apply.ts';
import { isConflict, LeftoverError, NameTakenError } from '#operator/kube/errors.ts';
import { splitKey } from '#operator/kube/object.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import { createCa, issue, memberUri, operatorUri } from '#operator/pki/certificate.ts';
import { inspect, renewalReason } from '#operator/pki/inspect.ts';
import type { ClusterContext, Manifest } from '#operator/resources/manifest.ts';
import {
  ANNOTATIONS,
  caSecretName,
  peerDnsNames,
  peerTlsSecretName,
  servingDnsNames,
  servingSecretName,
} from '#operator/resources/names.ts';
import type { Place } from '#operator/resources/names.ts';
import { caSecret, peerTlsSecret, servingSecret } from '#operator/resources/secrets.ts';
import type { PemPair } from '#operator/resources/secrets.ts';
import { clusterMembers } from '#operator/topology/members.ts';
import type { Member } from '#operator/topology/members.ts';
import type { OperatorIdentity } from './member-pool.ts';
import type { CertificateFacts, Certificates } from './observed.ts';

const OPERATOR_DAYS = 2;
const HALF = 0.5;
const DAY_MS = 86_400_000;
const MISSING: CertificateFacts = { renew: 'Missing', notAfter: null };

/** The MemoryCluster that Secrets belong to. */
type Owner = Pick<ClusterContext, 'namespace' | 'name' | 'uid'>;

interface PeerCa extends PemPair {
  readonly clusterId: string;
}

export class CertificateStore {
  readonly #world: World;
  readonly #clusterDomain: string;
  /** Cluster key → uid. */
  readonly #owners = new Map<string, string>();
  readonly #identities = new Map<string, OperatorIdentity & { readonly renewAtMs: number }>();

  constructor(world: World, clusterDomain: string) {
    this.#world = world;
    this.#clusterDomain = clusterDomain;
  }

  /** What is there for the cluster, and what has to be made anew. */
  async facts(object: KubeObject, cluster: Parsed<MemoryCluster>): Promise<Certificates> {
    const { name, namespace = '', uid = '' } = object.metadata;
    this.#owners.set(`${namespace}/${name}`, uid);
    const owner: Owner = { namespace, name, uid };
    const peerCa = await this.#peerCa(owner);
    const clientCa = await this.#ca(owner);
    const place: Place = { name, namespace, clusterDomain: this.#clusterDomain };
    const peers = new Map<string, CertificateFacts>();
    for (const member of this.#members(object, cluster)) {
      const secret = peerTlsSecretName(name, member.name);
      const names = peerNames(place, member, peerCa?.clusterId ?? '');
      peers.set(member.name, await this.#leaf(owner, secret, names, peerCa));
    }
    const spec = cluster.ok ? cluster.value.spec : null;
    const servingNames = splitNames([...servingDnsNames(place), ...(spec?.tls.extraNames ?? [])]);
    return {
      peerCa: peerCa === null ? null : { clusterId: peerCa.clusterId },
      clientCa: clientCa === null ? null : { certificate: clientCa.certificate },
      serving:
        spec === null || !spec.tlsEnabled || spec.tls.secretName !== ''
          ? { renew: null, notAfter: null }
          : await this.#leaf(owner, servingSecretName(name), servingNames, clientCa),
      peers,
      given:
        spec === null || !spec.tlsEnabled || spec.tls.secretName === ''
          ? null
          : await this.#given(namespace, spec.tls.secretName),
    };
  }

  /** The names of the members that the spec asks for; those of the claims when it cannot be read. */
  memberNames(object: KubeObject, cluster: Parsed<MemoryCluster>): readonly string[] {
    return this.#members(object, cluster).map(({ name }) => name);
  }

  #members(object: KubeObject, cluster: Parsed<MemoryCluster>): readonly Member[] {
    if (!cluster.ok) return [];
    const { spec, status } = cluster.value;
    // Shape changes are refused for now: what is in force decides, not what is asked.
    const { numShards = spec.numShards, numReplicasPerShard = spec.numReplicasPerShard } =
      status?.effective ?? {};
    return clusterMembers(object.metadata.name, {
      numShards,
      numReplicasPerShard,
      transactionLog: spec.transactionLog,
    });
  }

  /** Makes a CA and creates its Secret; whoever was first decides. */
  async makeCa(context: ClusterContext, ca: 'peer' | 'client', adoptedId: string): Promise<void> {
    const clusterId = adoptedId === '' ? randomUUID() : adoptedId;
    const pair = await createCa(`${context.name} ${ca} CA`);
    const manifest = caSecret(context, ca, pair);
    const annotations = ca === 'peer' ? { [ANNOTATIONS.clusterId]: clusterId } : {};
    const body = { ...manifest, metadata: { ...manifest.metadata, annotations } };
    try {
      const made = await this.#world.client.create(body, 'holdfast-operator');
      this.#world.secrets.wrote(made);
    } catch (error) {
      if (!isConflict(error)) throw error;
      await this.#whoWasFirst(context, manifest);
    }
  }

  /** Issues the certificate of a member, or with `null` the one that clients see. */
  async issue(context: ClusterContext, member: Member | null): Promise<void> {
    const { name } = context;
    if (member === null) {
      const ca = await this.#ca(context);
      if (ca === null) return;
      const names = splitNames([...servingDnsNames(context), ...context.spec.tls.extraNames]);
      const pair = await issue({ ca, commonName: name, ...names });
      await this.#write(context, servingSecret(context, { ...pair, ca: ca.certificate }));
      return;
    }
    const ca = await this.#peerCa(context);
    if (ca === null) return;
    const names = peerNames(context, member, ca.clusterId);
    const pair = await issue({ ca, commonName: member.name, ...names });
    await this.#write(context, peerTlsSecret(context, member, { ...pair, ca: ca.certificate }));
  }

  /** The operator's own certificate for a cluster; made in memory, good for two days. */
  async identity(cluster: string): Promise<OperatorIdentity | null> {
    const uid = this.#owners.get(cluster) ?? '';
    const ca = await this.#peerCa({ ...splitKey(cluster), uid });
    if (ca === null) return null;
    const kept = this.#identities.get(cluster);
    if (kept?.ca === ca.certificate && Date.now() < kept.renewAtMs) return kept;
    const pair = await issue({
      ca,
      commonName: 'holdfast-operator',
      uris: [operatorUri(ca.clusterId)],
      days: OPERATOR_DAYS,
    });
    const identity = {
      clusterId: ca.clusterId,
      certificate: pair.certificate,
      key: pair.key,
      ca: ca.certificate,
      renewAtMs: Date.now() + OPERATOR_DAYS * HALF * DAY_MS,
    };
    this.#identities.set(cluster, identity);
    return identity;
  }

  forget(cluster: string): void {
    this.#identities.delete(cluster);
    this.#owners.delete(cluster);
  }

  /** Another replica's CA is as good as ours; somebody else's Secret is in the way. */
  async #whoWasFirst(context: ClusterContext, manifest: Manifest): Promise<void> {
    const { namespace, name } = manifest.metadata;
    const live = await this.#world.secrets.read(namespace, name, 0);
    if (live === null || ownedBy(context.uid)(live)) return;
    if (isLeftover(live, manifest)) throw new LeftoverError('Secret', name);
    throw new NameTakenError('Secret', name);
  }

  async #write(context: ClusterContext, manifest: Manifest): Promise<void> {
    const { applier, secrets } = this.#world;
    const { namespace, name } = manifest.metadata;
    const live = (await secrets.read(namespace, name, 0)) ?? undefined;
    const { object } = await applier.apply(manifest, live, ownedBy(context.uid));
    secrets.wrote(object);
  }

  async #peerCa(owner: Owner): Promise<PeerCa | null> {
    const name = caSecretName(owner.name, 'peer');
    const secret = await this.#world.secrets.readOwned(owner.namespace, name, owner.uid);
    const clusterId = secret?.metadata.annotations?.[ANNOTATIONS.clusterId] ?? '';
    const pair = pairOf(secret);
    return pair === null || clusterId === '' ? null : { ...pair, clusterId };
  }

  async #ca(owner: Owner): Promise<PemPair | null> {
    const name = caSecretName(owner.name, 'client');
    return pairOf(await this.#world.secrets.readOwned(owner.namespace, name, owner.uid));
  }

  async #leaf(
    owner: Owner,
    name: string,
    names: Names,
    ca: PemPair | null,
  ): Promise<CertificateFacts> {
    const secret = await this.#world.secrets.readOwned(owner.namespace, name, owner.uid);
    const pair = pairOf(secret);
    if (ca === null || pair === null) return MISSING;
    const renew = renewalReason(pair.certificate, names, ca.certificate, Date.now());
    const trusts = secretText(secret, 'ca.crt').includes(ca.certificate.trim());
    if (renew === 'Unreadable') return { renew, notAfter: null };
    const notAfter = inspect(pair.certificate).notAfter.toISOString();
    return { renew: renew ?? (trusts ? null : 'OtherIssuer'), notAfter };
  }

  async #given(namespace: string, name: string): Promise<Certificates['given']> {
    const secret = await this.#world.secrets.read(namespace, name, REFERENCED_SECRET_MS);
    if (secret === null) return { problem: 'SecretNotFound', ca: '' };
    const pair = pairOf(secret);
    const ca = secretText(secret, 'ca.crt');
    try {
      if (pair !== null && ca !== '') {
        inspect(pair.certificate);
        inspect(ca);
        return { problem: null, ca };
      }
    } catch {
      // What cannot be read is as good as not there.
    }
    return { problem: 'SecretInvalid', ca: '' };
  }
}

interface Names {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
}

function peerNames(place: Place, member: Pick<Member, 'name'>, clusterId: string): Names {
  return { dnsNames: peerDnsNames(place, member), ipAddresses: [], uris: [memberUri(clusterId)] };
}

function splitNames(names: readonly string[]): Names {
  const isAddress = (name: string): boolean => /^[0-9.]+$/.test(name) || name.includes(':');
  return {
    dnsNames: names.filter((name) => !isAddress(name)),
    ipAddresses: names.filter(isAddress),
    uris: [],
  };
}

function pairOf(secret: KubeObject | null): PemPair | null {
  const certificate = secretText(secret, 'tls.crt');
  const key = secretText(secret, 'tls.key');
  return certificate === '' || key === '' ? null : { certificate, key };
}
