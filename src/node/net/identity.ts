/**
 * Who is at the other end of a TLS connection: the URI in the certificate's subject alternative names
 * (`holdfast://<clusterId>/member` or `/operator`), not just a chain to the cluster's CA.
 */
import { X509Certificate } from 'node:crypto';

/** The URIs in the text that Node gives for subject alternative names (`DNS:a, URI:b`). */
export function subjectUris(subjectAltName: string | undefined): string[] {
  if (subjectAltName === undefined) return [];
  const uris: string[] = [];
  for (const part of subjectAltName.split(', ')) {
    if (!part.startsWith('URI:')) continue;
    const uri = part.slice(4);
    // Node quotes what could be mistaken for several names; none of ours is
    if (!uri.startsWith('"')) uris.push(uri);
  }
  return uris;
}

/** The URI that members of `clusterId` carry. */
export function memberUri(clusterId: string): string {
  return `holdfast://${clusterId}/member`;
}

/** The cluster id in a member's own certificate, or '' when it names none. */
export function clusterIdOf(certificate: Buffer | string): string {
  for (const uri of subjectUris(new X509Certificate(certificate).subjectAltName)) {
    const match = /^holdfast:\/\/([^/]+)\/member$/.exec(uri);
    if (match) return match[1];
  }
  return '';
}
