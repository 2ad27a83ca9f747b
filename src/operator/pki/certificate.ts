/**
 * Certificate authorities and the certificates they sign: ECDSA P-256, SHA-256, PEM text in and out.
 * A cluster has one CA for its client port (unless the user brings an issuer) and one for its peer
 * and admin links; a CA's key is only ever used here. Identity on peer and admin links is the SAN
 * URI made by {@link memberUri} and {@link operatorUri}: whoever checks a chain checks that as well.
 */
import './reflection.ts';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { invariant } from '#base/invariant.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** Certificates start this long before they are made: clocks of machines differ. */
const CLOCK_SKEW_MS = 5 * 60_000;

export const CA_YEARS = 10;
export const LEAF_DAYS = 90;

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** The names a certificate is valid for. */
export interface SubjectNames {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
}

export interface IssueRequest extends SubjectNames {
  readonly ca: KeyPair;
  /** 1 to 64 characters (RFC 5280); for people only, nothing checks it. */
  readonly commonName: string;
  /** Validity; default {@link LEAF_DAYS}. Cut at the CA's own end. */
  readonly days?: number;
  /** Default both: members are clients and servers of each other. */
  readonly usages?: readonly ('server' | 'client')[];
  /** Milliseconds since the Unix epoch; default now. */
  readonly nowMs?: number;
}

/** The SAN URI of every member of a cluster, on peer and admin links. */
export function memberUri(clusterId: string): string {
  return `holdfast://${clusterId}/member`;
}

/** The SAN URI of whoever may call the admin API of a cluster. */
export function operatorUri(clusterId: string): string {
  return `holdfast://${clusterId}/operator`;
}

/** A self-signed CA that may sign leaves only. `nowMs` is milliseconds since the Unix epoch. */
export async function createCa(
  name: string,
  options: { readonly years?: number; readonly nowMs?: number } = {},
): Promise<KeyPair> {
  const { years = CA_YEARS, nowMs = Date.now() } = options;
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + years * 365.25 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

/** A new key and a certificate for it, signed by `request.ca`. Rejects when the CA has ended. */
export async function issue(request: IssueRequest): Promise<KeyPair> {
  const { ca, commonName, days = LEAF_DAYS, nowMs = Date.now() } = request;
  invariant(commonName.length >= 1 && commonName.length <= 64, 'commonName has 1 to 64 characters');
  const authority = new X509Certificate(ca.certificate);
  if (authority.notAfter.getTime() <= nowMs) {
    throw Object.assign(new Error(`the CA ended at ${authority.notAfter.toISOString()}`), {
      code: 'CA_EXPIRED',
    });
  }
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const notAfterMs = Math.min(nowMs + days * DAY_MS, authority.notAfter.getTime());
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [commonName] }],
    issuer: authority.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(ca.key),
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Math.max(nowMs - CLOCK_SKEW_MS, authority.notBefore.getTime())),
    notAfter: new Date(notAfterMs),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(extendedUsages(request.usages ?? ['server', 'client'])),
      alternativeNames(request),
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

function extendedUsages(usages: readonly ('server' | 'client')[]): ExtendedKeyUsage[] {
  invariant(usages.length > 0, 'a certificate is for something');
  return usages.map((usage) =>
    usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth,
  );
}

function alternativeNames(names: SubjectNames): SubjectAlternativeNameExtension {
  const { dnsNames = [], ipAddresses = [], uris = [] } = names;
  invariant(
    dnsNames.length + ipAddresses.length + uris.length > 0,
    'a certificate without a name proves nothing',
  );
  return new SubjectAlternativeNameExtension([
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...ipAddresses.map((value) => ({ type: 'ip', value }) as const),
    ...uris.map((value) => ({ type: 'url', value }) as const),
  ]);
}

/** PEM text that ends in a line feed, so that texts can be concatenated. */
function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${PemConverter.encode(der, PemConverter.PrivateKeyTag).trim()}\n`;
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = PemConverter.decodeFirst(text);
  return await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}
