/**
 * Links to all other members: one each, whoever dialled.
 *
 * Both sides dial while no link is up. When two links to the same member meet, one rule on both sides
 * decides which stays: of two that were dialled by the same side, or when the older has been up for a
 * while (its other end may be gone without a word), the newer; of two dialled at the same time by both,
 * the one that the smaller memberId dialled. So links do not flap and a dead one does not block; frames
 * sent in the moment of settling may be lost.
 *
 * A member is who its certificate and hello say it is; the addresses in `setMembers` are only hints.
 */
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect as tlsConnect, createServer as createTlsServer } from 'node:tls';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Peers } from '#node/shard/ports.ts';
import { Addresses } from './addresses.ts';
import type { PeerIdentity } from './hello.ts';
import { memberUri, subjectUris } from './identity.ts';
import { Link, QUIET_TICKS } from './link.ts';
import type { LinkOwner } from './link.ts';
import { Target } from './target.ts';
import type { PeerTarget } from './target.ts';
import type { TlsFiles, TlsMaterial } from './tls-files.ts';

export interface PeerLinksOptions {
  readonly self: PeerIdentity;
  readonly host: string;
  /** 0: any free port, which the hello then names. */
  readonly port: number;
  /** null: plaintext, without proof of identity; for tests. */
  readonly tls: TlsFiles | null;
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
  /** A link on which nothing arrived for this long is closed. */
  readonly silenceMs: number;
  /** Longest time for connecting, handshake and hello. Default 2000. */
  readonly dialTimeoutMs?: number;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  readonly addresses?: Addresses;
}

/** What the shell tells about peer links. Called from socket events, never from within `send`. */
export interface PeerEvents {
  /** `payload` is valid only during the call. */
  frame(fromMemberId: string, type: number, payload: Uint8Array): void;
  /** Repeated without a `linkDown` when a newer connection takes the place of an older one. */
  linkUp(identity: PeerIdentity): void;
  linkDown(memberId: string, reason: string): void;
  /** Someone was turned away, or turned us away. Not repeated for the same reason within a minute. */
  refused(address: string, reason: string): void;
}

const DIAL_TIMEOUT_MS = 2000;
/** Connections that have not said hello yet. */
const MAX_GREETING = 256;
const ANOTHER_LINK = 'another link is up';
const REPLACED = 'replaced by a newer link';
const REFUSED_REPEAT_MS = 60_000;
const REFUSED_REMEMBERED = 256;

export class PeerLinks implements Peers, LinkOwner {
  /** Frames dropped because a link was down or its queue full. */
  droppedFrames = 0;
  readonly #options: PeerLinksOptions;
  readonly #events: PeerEvents;
  readonly #server: Server;
  readonly #addresses: Addresses;
  readonly #links = new Map<string, Link>();
  /** Connections without a hello yet, with the target that was dialled. */
  readonly #greeting = new Map<Link, Target | null>();
  readonly #targets = new Map<string, Target>();
  readonly #refusedAtMs = new Map<string, number>();
  readonly #stopWatching: () => void;
  #self: PeerIdentity;
  #tickTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: PeerLinksOptions, events: PeerEvents) {
    this.#options = options;
    this.#events = events;
    this.#self = options.self;
    this.#addresses = options.addresses ?? new Addresses();
    const { tls } = options;
    if (tls === null) {
      this.#server = createServer((socket) => this.#greet(socket, null));
      this.#stopWatching = () => undefined;
      return;
    }
    const server = createTlsServer({
      ...secureContext(tls.current),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: options.dialTimeoutMs ?? DIAL_TIMEOUT_MS,
    });
    server.on('secureConnection', (socket) => this.#acceptSecure(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#refused(socket.remoteAddress ?? '?', `TLS handshake: ${error.message}`);
      socket.destroy();
    });
    this.#stopWatching = tls.onChange((material) => {
      server.setSecureContext(secureContext(material));
    });
    this.#server = server;
  }

  /**
   * Begins to accept and to dial; resolves with the port. Rejects with the system's error.
   *
   * @param pulsePort what hellos say of it from now on; as `self` has it when left out.
   */
  listen(pulsePort = this.#self.pulsePort): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      server.once('error', reject);
      server.listen({ host: this.#options.host, port: this.#options.port }, () => {
        server.removeListener('error', reject);
        server.on('error', () => undefined);
        const { port } = server.address() as AddressInfo;
        this.#self = { ...this.#self, peerPort: port, pulsePort };
        this.#tickTimer = setInterval(
          () => this.#tick(),
          Math.ceil(this.#options.silenceMs / QUIET_TICKS),
        );
        for (const target of this.#targets.values()) this.#dialSoon(target);
        resolve(port);
      });
    });
  }

  /**
   * Replaces the members that are dialled; this member itself may be among them. Links that are up stay
   * up, also to members that are no longer listed: they may know something that we do not.
   */
  setMembers(members: readonly PeerTarget[]): void {
    const wanted = new Map(members.map((member) => [`${member.shard}/${member.name}`, member]));
    wanted.delete(`${this.#self.shard}/${this.#self.name}`);
    for (const [key, target] of this.#targets) {
      if (wanted.has(key)) continue;
      target.stop();
      this.#targets.delete(key);
    }
    for (const [key, member] of wanted) {
      const known = this.#targets.get(key);
      if (known?.moveTo(member)) continue;
      const target = known ?? new Target(member, this.#options.random, (t) => void this.#dial(t));
      this.#targets.set(key, target);
      this.#dialSoon(target);
    }
    this.#addresses.keepOnly(new Set(members.map(({ host }) => host)));
  }

  /** False when the frame was dropped. */
  send(toMemberId: string, frameType: number, bytes: Uint8Array): boolean {
    const sent = this.#links.get(toMemberId)?.send(frameType, bytes) ?? false;
    if (!sent) this.droppedFrames++;
    return sent;
  }

  /** Sends to every member with a link. */
  broadcast(frameType: number, bytes: Uint8Array): void {
    for (const link of this.#links.values()) {
      if (!link.send(frameType, bytes)) this.droppedFrames++;
    }
  }

  /** Closes the link to a member, which breaks the rules of what is said on it; it may come back. */
  drop(memberId: string, reason: string): void {
    this.#links.get(memberId)?.close(reason);
  }

  /** memberIds with a link. */
  get linked(): string[] {
    return [...this.#links.keys()];
  }

  /** Who is at the other ends. */
  get identities(): PeerIdentity[] {
    return [...this.#links.values()].flatMap(({ identity }) => identity ?? []);
  }

  isUp(memberId: string): boolean {
    return this.#links.has(memberId);
  }

  /** Bytes queued for a member and not yet taken by the kernel. */
  bufferedBytes(memberId: string): number {
    return this.#links.get(memberId)?.bufferedBytes ?? 0;
  }

  /** Names of the configured members, and whether each has a link: for metrics. */
  linkStates(): Record<string, number> {
    const up = new Set([...this.#links.values()].map((link) => link.identity?.name));
    const states: Record<string, number> = {};
    for (const { member } of this.#targets.values())
      states[member.name] = up.has(member.name) ? 1 : 0;
    return states;
  }

  /** Closes everything; no event follows. */
  close(): void {
    this.#closed = true;
    this.#stopWatching();
    if (this.#tickTimer !== null) clearInterval(this.#tickTimer);
    for (const target of this.#targets.values()) target.stop();
    for (const link of [...this.#greeting.keys(), ...this.#links.values()]) link.close('stopping');
    if (this.#server.listening) this.#server.close();
  }

  // --- the owner of its links

  accept(link: Link, identity: PeerIdentity): string | null {
    const existing = this.#links.get(identity.memberId);
    if (existing === undefined || existing.dialled === link.dialled) return null;
    // we dial only without a link, so what we dialled began before the existing link came up; what the
    // other side dialled did so only if its hello is not later than connecting and greeting may take
    const longestDialMs = 2 * (this.#options.dialTimeoutMs ?? DIAL_TIMEOUT_MS);
    const simultaneous = link.dialled || performance.now() - existing.upSinceMs < longestDialMs;
    if (!simultaneous) return null;
    const smallerDialled = this.#self.memberId < identity.memberId === link.dialled;
    return smallerDialled ? null : ANOTHER_LINK;
  }

  up(link: Link): void {
    const { identity } = link;
    if (identity === null) return;
    this.#greeting.delete(link);
    const replaced = this.#links.get(identity.memberId);
    this.#links.set(identity.memberId, link);
    replaced?.close(REPLACED);
    this.#targets.get(`${identity.shard}/${identity.name}`)?.reached();
    this.#events.linkUp(identity);
  }

  frame(link: Link, type: number, payload: Uint8Array): void {
    if (link.identity !== null) this.#events.frame(link.identity.memberId, type, payload);
  }

  closed(link: Link, reason: string): void {
    const target = this.#greeting.get(link);
    this.#greeting.delete(link);
    if (this.#closed) return;
    target?.failed();
    const { identity } = link;
    if (identity !== null && this.#links.get(identity.memberId) === link) {
      this.#links.delete(identity.memberId);
      this.#events.linkDown(identity.memberId, reason);
      const known = this.#targets.get(`${identity.shard}/${identity.name}`);
      if (known !== undefined) this.#dialSoon(known);
    } else if (!reason.endsWith(ANOTHER_LINK) && reason !== REPLACED) {
      this.#refused(link.address, reason);
    }
  }

  // --- dialling

  #dialSoon(target: Target): void {
    if (this.#closed || this.#tickTimer === null || this.#isReached(target)) return;
    target.dialSoon();
  }

  #isReached({ member }: Target): boolean {
    for (const { identity } of this.#links.values()) {
      if (identity?.name === member.name && identity.shard === member.shard) return true;
    }
    return false;
  }

  async #dial(target: Target): Promise<void> {
    const { host, port } = target.member;
    let address: string;
    try {
      address = target.choose(await this.#addresses.resolve(host));
    } catch {
      target.failed();
      return;
    }
    if (this.#closed || target.stopped || this.#isReached(target)) {
      target.reached();
      return;
    }
    const { tls } = this.#options;
    const socket =
      tls === null
        ? connect({ host: address, port })
        : tlsConnect({
            ...secureContext(tls.current),
            host: address,
            port,
            rejectUnauthorized: true,
            checkServerIdentity: (_, certificate) => this.#checkCertificate(certificate),
          });
    const timer = setTimeout(
      () => socket.destroy(),
      this.#options.dialTimeoutMs ?? DIAL_TIMEOUT_MS,
    );
    const onFailed = (): void => {
      clearTimeout(timer);
      target.failed();
    };
    socket.once('close', onFailed);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (isIdentityError(error)) this.#refused(`${host}:${port}`, error.message);
    });
    socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.removeListener('close', onFailed);
      this.#addresses.worked(host, address);
      if (this.#closed || target.stopped || this.#isReached(target)) {
        socket.destroy();
        target.reached();
        return;
      }
      this.#greet(socket, target);
    });
  }

  #greet(socket: Socket, target: Target | null): void {
    if (this.#greeting.size >= MAX_GREETING) {
      socket.destroy();
      target?.failed();
      return;
    }
    const link = new Link(
      {
        socket,
        dialled: target !== null,
        self: this.#self,
        maxFrameBytes: this.#options.maxFrameBytes,
        maxQueuedBytes: this.#options.maxQueuedBytes,
        greetingTimeoutMs: this.#options.dialTimeoutMs ?? DIAL_TIMEOUT_MS,
      },
      this,
    );
    this.#greeting.set(link, target);
  }

  #acceptSecure(socket: TLSSocket): void {
    const trouble = this.#checkCertificate(socket.getPeerCertificate());
    if (trouble === undefined) {
      this.#greet(socket, null);
      return;
    }
    socket.on('error', () => undefined);
    this.#refused(socket.remoteAddress ?? '?', trouble.message);
    socket.destroy();
  }

  #checkCertificate(certificate: PeerCertificate): Error | undefined {
    const wanted = memberUri(this.#self.clusterId);
    const uris = subjectUris(certificate.subjectaltname);
    if (uris.includes(wanted)) return undefined;
    const error = new Error(`the certificate is for ${uris.join(', ') || 'nobody'}, not ${wanted}`);
    return Object.assign(error, { code: 'WRONG_IDENTITY' });
  }

  #refused(address: string, reason: string): void {
    const key = `${address.replace(/:\d+$/, '')} ${reason}`;
    const nowMs = performance.now();
    if (nowMs - (this.#refusedAtMs.get(key) ?? -Infinity) < REFUSED_REPEAT_MS) return;
    if (this.#refusedAtMs.size >= REFUSED_REMEMBERED) this.#refusedAtMs.clear();
    this.#refusedAtMs.set(key, nowMs);
    this.#events.refused(address, reason);
  }

  #tick(): void {
    for (const link of this.#links.values()) link.tick();
  }
}

/** The other side was reached and is not who it should be, as opposed to not being reached. */
function isIdentityError(error: NodeJS.ErrnoException): boolean {
  const code = error.code ?? '';
  return code === 'WRONG_IDENTITY' || code.startsWith('ERR_') || /CERT|SIGNATURE/.test(code);
}

function secureContext(material: TlsMaterial) {
  return {
    cert: material.cert,
    key: material.key,
    ...(material.ca === null ? {} : { ca: material.ca }),
    minVersion: 'TLSv1.3' as const,
  };
}
