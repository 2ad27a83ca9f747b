/**
 * Replacing a CA without a moment in which two parties do not trust each other:
 *
 *   stable    one CA signs, it alone is trusted
 *   begin →   trusting: the old one signs, both are trusted. Every member must have read that back
 *   adopt →   switching: the new one signs, both are trusted. Every leaf must be issued anew and read back
 *   finish →  stable: the old one is gone
 *
 * The functions only compute the next state; whoever calls them has made sure of the condition
 * between two steps. Each is harmless when repeated.
 */
import { X509Certificate } from 'node:crypto';
import type { KeyPair } from './certificate.ts';

export interface CaState {
  /** Signs. */
  readonly current: KeyPair;
  /** Trusted already; will sign. */
  readonly next: KeyPair | null;
  /** The certificate that signed before; trusted still. */
  readonly previous: string | null;
}

export type CaPhase = 'stable' | 'trusting' | 'switching';

export function caPhase(state: CaState): CaPhase {
  if (state.next !== null) return 'trusting';
  return state.previous === null ? 'stable' : 'switching';
}

/** `next` becomes trusted. Nothing changes while a rotation is under way. */
export function beginRotation(state: CaState, next: KeyPair): CaState {
  return caPhase(state) === 'stable' ? { ...state, next } : state;
}

/** The next CA signs from now on. Only after every member trusts both. */
export function adoptNext(state: CaState): CaState {
  if (state.next === null) return state;
  return { current: state.next, next: null, previous: state.current.certificate };
}

/** The old CA is no longer trusted. Only after every leaf in use is signed by the current one. */
export function finishRotation(state: CaState): CaState {
  return caPhase(state) === 'switching' ? { ...state, previous: null } : state;
}

/** What goes into every `ca.crt`: all trusted certificates, the signing one first. */
export function trustBundle(state: CaState): string {
  const certificates = [state.current.certificate];
  if (state.next !== null) certificates.push(state.next.certificate);
  if (state.previous !== null) certificates.push(state.previous);
  return joinBundle(certificates);
}

/** PEM certificates as one text, each once. */
export function joinBundle(certificates: readonly string[]): string {
  return [...new Set(certificates.map((pem) => `${pem.trim()}\n`))].join('');
}

/** The certificates of a bundle, in order. */
export function splitBundle(bundle: string): string[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => `${block}\n`);
}

/** SHA-256 fingerprints of a bundle's certificates, sorted: what a member reports, to be compared. */
export function bundleFingerprints(bundle: string): string[] {
  return splitBundle(bundle)
    .map((pem) => new X509Certificate(pem).fingerprint256)
    .sort();
}
