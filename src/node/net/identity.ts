/**
 * Who is at the other end of a TLS connection: the URI in the certificate's subject alternative names
 * (`holdfast://<clusterId>/member` or `/operator`), not just a chain to the cluster's CA.
 */
import { X509Certificate } from 'node:crypto';

/** One name: its kind, and its value, which Node quotes when it could be mistaken for several names. */
const NAME = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)/gy;

/**
 * The URIs in the text that Node gives for subject alternative names (`DNS:a, URI:b`). A quoted one is
 * none of ours and left out; text that does not parse to its end gives none at all.
 */
export function subjectUris(subjectAltName: string | undefined): string[] {
  if (subjectAltName === undefined) return [];
  const uris: string[] = [];
  let end = 0;
  for (const match of subjectAltName.matchAll(NAME)) {
    if (match[1] === 'URI' && !match[2].startsWith('"')) uris.push(match[2]);
    end = match.index + match[0].length;
  }
  return end === subjectAltName.length ? uris : [];
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
