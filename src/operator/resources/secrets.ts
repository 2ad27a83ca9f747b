/** Secrets and ConfigMaps of a cluster: certificates, how to connect, who the first members were. */
import type { Json } from '#operator/api/object.ts';
import type { Member } from '#operator/topology/members.ts';
import type { ClusterContext, Manifest } from './manifest.ts';
import { memberLabels, ownedMetadata, shardLabels } from './manifest.ts';
import {
  caConfigMapName,
  caSecretName,
  clientHost,
  connectionSecretName,
  identityConfigMapName,
  peerTlsSecretName,
  servingSecretName,
} from './names.ts';

/** A certificate and its key, PEM. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

/** With the CAs that the other side is checked by, PEM, one after the other. */
export interface PemIdentity extends PemPair {
  readonly ca: string;
}

/** A CA of the cluster, with its key. Never mounted anywhere. */
export function caSecret(context: ClusterContext, ca: 'client' | 'peer', pair: PemPair): Manifest {
  return tlsSecret(context, caSecretName(context.name, ca), {
    'tls.crt': pair.certificate,
    'tls.key': pair.key,
  });
}

/** The certificate that clients see. */
export function servingSecret(context: ClusterContext, identity: PemIdentity): Manifest {
  return tlsSecret(context, servingSecretName(context.name), identityData(identity));
}

/** The certificate of a member on peer and admin links. */
export function peerTlsSecret(
  context: ClusterContext,
  member: Member,
  identity: PemIdentity,
): Manifest {
  const name = peerTlsSecretName(context.name, member.name);
  const labels = memberLabels(context.name, member);
  return tlsSecret(context, name, identityData(identity), labels);
}

/**
 * What a program needs to connect, besides a user and a password.
 * @param ca PEM; '' without TLS
 */
export function connectionSecret(context: ClusterContext, ca: string): Manifest {
  const host = clientHost(context);
  const { port, tlsEnabled } = context.spec;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ownedMetadata(context, connectionSecretName(context.name)),
    type: 'Opaque',
    data: encoded({
      host,
      port: String(port),
      uri: `${tlsEnabled ? 'rediss' : 'redis'}://${host}:${port}`,
      ...(tlsEnabled ? { 'ca.crt': ca } : {}),
    }),
  };
}

/** The CA that clients check the cluster by; PEM. */
export function caConfigMap(context: ClusterContext, ca: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(context, caConfigMapName(context.name)),
    data: { 'ca.crt': ca },
  };
}

/** The key of {@link identityConfigMap} that holds the record. */
export const IDENTITY_KEY = 'record.json';

/** The bootstrap record of a shard. It is created once, never applied over: creating it decides. */
export function identityConfigMap(context: ClusterContext, shard: string, record: Json): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(context, identityConfigMapName(context.name, shard), {
      labels: shardLabels(context.name, shard),
    }),
    immutable: true,
    data: { [IDENTITY_KEY]: JSON.stringify(record) },
  };
}

function identityData({ certificate, key, ca }: PemIdentity): Readonly<Record<string, string>> {
  return { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': ca };
}

function tlsSecret(
  context: ClusterContext,
  name: string,
  content: Readonly<Record<string, string>>,
  labels?: Readonly<Record<string, string>>,
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ownedMetadata(context, name, labels === undefined ? {} : { labels }),
    type: 'kubernetes.io/tls',
    data: encoded(content),
  };
}

/** PEM and the like are ASCII, so base64 needs no encoding of characters first. */
function encoded(content: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(content).map(([key, text]) => [key, btoa(text)]));
}
