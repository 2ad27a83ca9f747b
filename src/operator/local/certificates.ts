/**
 * The certificates of a local cluster, made as the operator makes them: a CA for the client port, a CA
 * for peer and admin links, a leaf of each for every member, one for whoever steers. Repeated at
 * every start: only what is missing, old or wrong is made anew.
 */
import { join } from 'node:path';
import {
  createCa,
  issue,
  type IssueRequest,
  type KeyPair,
  memberUri,
  operatorUri,
} from '#operator/pki/certificate.ts';
import { needsRenewal, renewalReason } from '#operator/pki/inspect.ts';
import { type ClusterFiles, readText, writeFile } from './files.ts';
import { LOOPBACK } from './ports.ts';

/** A certificate for the client port that somebody else made (spec.tls.secretName). PEM. */
export interface GivenCertificate extends KeyPair {
  readonly ca: string;
}

export interface CertificateRequest {
  readonly files: ClusterFiles;
  readonly cluster: string;
  readonly clusterId: string;
  readonly members: readonly string[];
  readonly tlsEnabled: boolean;
  readonly extraNames: readonly string[];
  readonly given: GivenCertificate | null;
  readonly nowMs: number;
}

export interface ClusterCertificates {
  /** What clients must trust; null without TLS. */
  readonly clientCa: string | null;
  readonly peerCa: string;
  /** The identity that the admin API obeys. */
  readonly operator: KeyPair;
}

export async function ensureCertificates(
  request: CertificateRequest,
): Promise<ClusterCertificates> {
  const { files, cluster, clusterId, nowMs } = request;
  const peerCa = await ensureCa(join(files.pki, 'peer-ca'), `${cluster} peers`, nowMs);
  const operator = await ensureLeaf(files.pki, 'operator', {
    ca: peerCa,
    commonName: 'holdfast local',
    uris: [operatorUri(clusterId)],
    usages: ['client'],
    nowMs,
  });
  for (const name of request.members) {
    const directory = files.member(name).peerTls;
    const names = {
      dnsNames: ['localhost'],
      ipAddresses: [LOOPBACK],
      uris: [memberUri(clusterId)],
    };
    await ensureLeaf(directory, 'tls', { ca: peerCa, commonName: name, ...names, nowMs });
    writeIfChanged(join(directory, 'ca.crt'), peerCa.certificate);
  }
  const clientCa = request.tlsEnabled ? await ensureClientSide(request) : null;
  if (clientCa !== null) writeIfChanged(files.caForClients, clientCa);
  return { clientCa, peerCa: peerCa.certificate, operator };
}

/** The client port's certificates; returns what clients must trust. */
async function ensureClientSide(request: CertificateRequest): Promise<string> {
  const { files, cluster, given, nowMs } = request;
  if (given !== null) {
    for (const name of request.members) {
      const directory = files.member(name).clientTls;
      writeIfChanged(join(directory, 'tls.key'), given.key, 0o600);
      writeIfChanged(join(directory, 'tls.crt'), given.certificate);
      writeIfChanged(join(directory, 'ca.crt'), given.ca);
    }
    return given.ca;
  }
  const ca = await ensureCa(join(files.pki, 'client-ca'), `${cluster} clients`, nowMs);
  const isAddress = (name: string): boolean => /^[\d.]+$|:/.test(name);
  const names = {
    dnsNames: ['localhost', ...request.extraNames.filter((name) => !isAddress(name))],
    ipAddresses: [LOOPBACK, '::1', ...request.extraNames.filter(isAddress)],
  };
  for (const name of request.members) {
    const directory = files.member(name).clientTls;
    await ensureLeaf(directory, 'tls', {
      ca,
      commonName: name,
      ...names,
      usages: ['server'],
      nowMs,
    });
    writeIfChanged(join(directory, 'ca.crt'), ca.certificate);
  }
  return ca.certificate;
}

async function ensureCa(path: string, name: string, nowMs: number): Promise<KeyPair> {
  const certificate = readText(`${path}.crt`);
  const key = readText(`${path}.key`);
  if (certificate !== null && key !== null && !needsRenewal(certificate, nowMs)) {
    return { certificate, key };
  }
  const made = await createCa(name, { nowMs });
  writeFile(`${path}.key`, made.key, 0o600);
  writeFile(`${path}.crt`, made.certificate);
  return made;
}

async function ensureLeaf(
  directory: string,
  name: string,
  request: IssueRequest & { readonly nowMs: number },
): Promise<KeyPair> {
  const paths = {
    certificate: join(directory, `${name}.crt`),
    key: join(directory, `${name}.key`),
  };
  const certificate = readText(paths.certificate);
  const key = readText(paths.key);
  if (certificate !== null && key !== null) {
    const reason = renewalReason(certificate, request, request.ca.certificate, request.nowMs);
    if (reason === null) return { certificate, key };
  }
  const made = await issue(request);
  writeFile(paths.key, made.key, 0o600);
  writeFile(paths.certificate, made.certificate);
  return made;
}

/** A member reads its files again when they change: leaving them alone is part of the contract. */
function writeIfChanged(path: string, content: string, mode = 0o644): void {
  if (readText(path) !== content) writeFile(path, content, mode);
}
