/**
 * The first frame on a peer link, from both sides: who I am and how I am reached. JSON, so that a newer
 * member may add fields that an older one ignores.
 */
import { text, utf8 } from '#base/bytes.ts';

/** Version of the framing and of what may be said on a link; both sides must have the same. */
export const PEER_PROTOCOL = 1;

export interface PeerIdentity {
  readonly clusterId: string;
  readonly shard: string;
  /** 16 lower-case hexadecimal digits. */
  readonly memberId: string;
  readonly name: string;
  readonly kind: 'data' | 'log';
  /** Where others reach this member; only a hint. */
  readonly host: string;
  readonly peerPort: number;
  readonly clientPort: number;
  /** 0: it has no pulse (a member of an older version). */
  readonly pulsePort: number;
  /** What the link is for: a pulse link takes nobody's place among the peer links, should an address be wrong. */
  readonly link: 'peer' | 'pulse';
}

/** Larger hellos are refused before they are read. */
export const MAX_HELLO_BYTES = 16 * 1024;

export function encodeHello(self: PeerIdentity): Uint8Array {
  return utf8(JSON.stringify({ protocol: PEER_PROTOCOL, ...self }));
}

/** The other side's identity, or in words why it is not one that we talk to. */
export function decodeHello(
  bytes: Uint8Array,
  self: PeerIdentity,
): { readonly identity: PeerIdentity } | { readonly refusal: string } {
  let hello: Partial<Record<string, unknown>>;
  try {
    hello = JSON.parse(text(bytes)) as Partial<Record<string, unknown>>;
  } catch {
    return { refusal: 'hello is not JSON' };
  }
  if (typeof hello !== 'object' || hello === null) return { refusal: 'hello is not an object' };
  const { protocol, clusterId, shard, memberId, name, kind, host, peerPort, clientPort } = hello;
  // members of an older version say neither
  const { pulsePort = 0, link = 'peer' } = hello;
  if (protocol !== PEER_PROTOCOL) {
    return { refusal: `protocol ${String(protocol)}, not ${PEER_PROTOCOL}` };
  }
  if (link !== self.link) return { refusal: `a ${String(link)} link, not a ${self.link} link` };
  if (clusterId !== self.clusterId) {
    return { refusal: `cluster ${String(clusterId)}, not ${self.clusterId}` };
  }
  if (typeof memberId !== 'string' || !/^[0-9a-f]{16}$/.test(memberId)) {
    return { refusal: 'memberId is not 16 hexadecimal digits' };
  }
  if (memberId === self.memberId) return { refusal: 'it is this member itself' };
  if (typeof shard !== 'string' || typeof name !== 'string' || typeof host !== 'string') {
    return { refusal: 'shard, name or host is missing' };
  }
  if (!isPort(peerPort) || !isPort(clientPort) || !isPort(pulsePort)) {
    return { refusal: 'a port is missing' };
  }
  return {
    identity: {
      clusterId: self.clusterId,
      shard,
      memberId,
      name,
      kind: kind === 'log' ? 'log' : 'data',
      host,
      peerPort,
      clientPort,
      pulsePort,
      link: self.link,
    },
  };
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535;
}
