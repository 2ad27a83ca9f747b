/**
 * What a certificate says, and whether it must be replaced. Read with OpenSSL's parser (node:crypto),
 * not with the library that writes them, so that the two check each other.
 */
import { X509Certificate } from 'node:crypto';
import type { SubjectNames } from './certificate.ts';

const DAY_MS = 86_400_000;
/** A 90-day certificate is renewed after 60 days: what is left is time to notice that it fails. */
export const RENEW_BEFORE_DAYS = 30;

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly isCa: boolean;
  /** SHA-256 of the DER, upper-case hex with colons. */
  readonly fingerprint: string;
}

/** Why a certificate must be issued anew. */
export type RenewalReason = 'Unreadable' | 'Expiring' | 'NamesChanged' | 'OtherIssuer';

/** The facts of the first certificate in `pem`. Throws Node's Error when there is none. */
export function inspect(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const names = alternativeNames(certificate.subjectAltName ?? '');
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    ...names,
    isCa: certificate.ca,
    fingerprint: certificate.fingerprint256,
  };
}

/** True when the certificate ends within {@link RENEW_BEFORE_DAYS}. */
export function needsRenewal(pem: string, nowMs: number): boolean {
  return inspect(pem).notAfter.getTime() - nowMs < RENEW_BEFORE_DAYS * DAY_MS;
}

/** Why `pem` cannot stay as the certificate for `names` signed by `caPem`; null when it can. */
export function renewalReason(
  pem: string,
  names: SubjectNames,
  caPem: string,
  nowMs: number,
): RenewalReason | null {
  let facts: CertificateFacts;
  let signed: boolean;
  try {
    facts = inspect(pem);
    signed = new X509Certificate(pem).verify(new X509Certificate(caPem).publicKey);
  } catch {
    return 'Unreadable';
  }
  if (!signed) return 'OtherIssuer';
  const same =
    sameSet(facts.dnsNames, names.dnsNames ?? []) &&
    sameSet(facts.ipAddresses, (names.ipAddresses ?? []).map(canonicalAddress)) &&
    sameSet(facts.uris, names.uris ?? []);
  if (!same) return 'NamesChanged';
  return needsRenewal(pem, nowMs) ? 'Expiring' : null;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && [...left].every((value) => right.has(value));
}

/**
 * Splits Node's text form, `DNS:a, IP Address:b, URI:c`. Node quotes a value that could be taken for
 * a separator (CVE-2021-44532); ours never contain one, so a quoted value is left out: it matches nothing.
 */
function alternativeNames(
  text: string,
): Required<Pick<CertificateFacts, 'dnsNames' | 'ipAddresses' | 'uris'>> {
  const names = { dnsNames: [] as string[], ipAddresses: [] as string[], uris: [] as string[] };
  if (text.includes('"')) return names;
  for (const entry of text.split(', ')) {
    if (entry.startsWith('DNS:')) names.dnsNames.push(entry.slice('DNS:'.length));
    else if (entry.startsWith('IP Address:'))
      names.ipAddresses.push(canonicalAddress(entry.slice('IP Address:'.length)));
    else if (entry.startsWith('URI:')) names.uris.push(entry.slice('URI:'.length));
  }
  return names;
}

/** IPv6 addresses have many spellings; RFC 5952's is what WHATWG URLs use. */
function canonicalAddress(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
