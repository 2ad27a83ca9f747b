/**
 * A member's view of the others: links to them, what gossip says of all shards, and where the members of
 * its own shard are. Wiring of rooms, like `node.ts`; nothing here decides anything that safety depends on.
 */
import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { unreachable } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import type { BootstrapRecord, PeerHint } from '#node/admin/handler.ts';
import { Gossip } from '#node/cluster/gossip.ts';
import { SlotMap } from '#node/cluster/slot-map.ts';
import type { Options } from '#node/config/options.ts';
import type { PeerIdentity } from '#node/net/hello.ts';
import { PeerLinks } from '#node/net/peers.ts';
import type { PeerTarget } from '#node/net/target.ts';
import type { TlsFiles } from '#node/net/tls-files.ts';
import type { Membership } from '#node/raft/membership.ts';
import type { Raft } from '#node/raft/raft.ts';
import { type PulseNews, PulseThread } from '#node/pulse/pulse.ts';
import { Directory } from '#node/shard/directory.ts';
import { PEER_FRAME_GOSSIP } from '#node/shard/ports.ts';

/** What bootstrap records and hints have in common. */
type Reachable = Pick<PeerHint, 'name' | 'host' | 'peerPort'> & { readonly shard?: string };

/** Members asked for news in each gossip interval. */
const GOSSIP_FANOUT = 3;

export interface NeighboursOptions {
  readonly self: PeerIdentity;
  readonly options: Options;
  readonly tls: TlsFiles | null;
  readonly clientTls: boolean;
  readonly log: Logger;
  /** A frame that is not gossip. */
  readonly frame: (fromMemberId: string, frameType: number, payload: Uint8Array) => void;
}

export class Neighbours {
  readonly links: PeerLinks;
  readonly pulse: PulseThread;
  readonly map = new SlotMap();
  readonly #options: NeighboursOptions;
  readonly #gossip: Gossip;
  /** What the pulse was last told of: the directory's revision, and the membership. */
  #pulsesRevision = 0;
  #pulsesMembership: Membership | null = null;
  #record: BootstrapRecord | null = null;
  #directory: Directory | null = null;

  constructor(given: NeighboursOptions) {
    this.#options = given;
    const { options, log } = given;
    this.links = new PeerLinks(
      {
        self: given.self,
        host: options.peerHost,
        port: options.peerPort,
        tls: given.tls,
        maxFrameBytes: options.peerMaxFrameBytes,
        maxQueuedBytes: options.peerMaxQueuedBytes,
        silenceMs: options.peerSilenceMs,
        random: Math.random,
      },
      {
        frame: (from, frameType, payload) => this.#frame(from, frameType, payload),
        linkUp: (identity) => this.#linkUp(identity),
        linkDown: (memberId, reason) => log.info({ memberId, reason }, 'peer link down'),
        refused: (address, reason) => log.warn({ address, reason }, 'peer link refused'),
      },
    );
    this.pulse = newPulse(given);
    this.#gossip = new Gossip({
      map: this.map,
      random: new Prng(randomInt(2 ** 32)),
      intervalMs: options.gossipMs,
      fanout: GOSSIP_FANOUT,
      ports: {
        send: (memberId, bytes) => this.links.send(memberId, PEER_FRAME_GOSSIP, bytes),
        linked: () => this.links.linked,
        changed: () => undefined,
      },
    });
  }

  /** Begins to accept and to dial. Rejects with the system's error. */
  async listen(): Promise<void> {
    await this.links.listen(await this.pulse.start());
  }

  async close(): Promise<void> {
    // first, so that nobody takes this member for alive that hears no more of its core
    await this.pulse.close();
    this.links.close();
  }

  /**
   * The shard is formed: its members are known from the record, and better from hints and hellos. Returns where
   * they are looked up.
   */
  formed(record: BootstrapRecord, hints: readonly PeerHint[]): Directory {
    const { self, options, clientTls } = this.#options;
    this.#record = record;
    const directory = new Directory({
      shard: record.shard,
      slots: record.slots,
      clientTls,
      offlineMs: options.electionTimeoutMs * 4,
    });
    this.#directory = directory;
    // those whose hello came before
    for (const identity of this.links.identities) {
      if (identity.shard === record.shard) directory.learn(identity);
    }
    for (const voter of record.voters) directory.learn({ ...voter, clientPort: 0, pulsePort: 0 });
    this.use(hints);
    directory.learn(self);
    this.map.apply(directory.initial(record.voters.map(({ memberId }) => memberId)));
    return directory;
  }

  /** The name of a member of this shard, '' when unknown. */
  nameOf(memberId: string): string {
    return this.#directory?.nameOf(memberId) ?? '';
  }

  /** Dials all that the record and the hints name; hints win. */
  use(hints: readonly PeerHint[]): void {
    const { self } = this.#options;
    const targets = new Map<string, PeerTarget>();
    const voters: readonly Reachable[] = this.#record?.voters ?? [];
    for (const { name, shard = self.shard, host, peerPort: port } of [...voters, ...hints]) {
      if (name !== self.name) targets.set(name, { name, shard, host, port });
    }
    this.links.setMembers([...targets.values()]);
    for (const hint of hints) {
      if (hint.shard !== self.shard || hint.memberId === undefined) continue;
      this.#directory?.learn({ ...hint, memberId: hint.memberId, pulsePort: 0 });
    }
  }

  /** Tells what changed in this shard, if this member leads it, and compares with a few others. */
  tick(raft: Raft, nowMs: number): void {
    const descriptor = this.#directory?.changed(raft, nowMs) ?? null;
    if (descriptor !== null) this.#gossip.publish(descriptor);
    this.#gossip.tick(nowMs);
    this.#tellPulses(raft);
  }

  #tellPulses(raft: Raft): void {
    const directory = this.#directory;
    if (directory === null) return;
    const same = directory.revision === this.#pulsesRevision;
    if (same && raft.membership === this.#pulsesMembership) return;
    this.#pulsesRevision = directory.revision;
    this.#pulsesMembership = raft.membership;
    this.pulse.setMembers(directory.pulses(raft));
  }

  #frame(from: string, frameType: number, payload: Uint8Array): void {
    if (frameType === PEER_FRAME_GOSSIP) this.#gossip.receive(from, payload);
    else this.#options.frame(from, frameType, payload);
  }

  #linkUp(identity: PeerIdentity): void {
    const { log, self } = this.#options;
    log.info({ memberId: identity.memberId, peer: identity.name }, 'peer link up');
    if (identity.shard === self.shard) this.#directory?.learn(identity);
    this.#gossip.linkUp(identity.memberId);
  }
}

function newPulse({ self, options, log }: NeighboursOptions): PulseThread {
  const { electionTimeoutMs, heartbeatMs, maxStallMs } = options;
  return new PulseThread({
    self,
    host: options.peerHost,
    port: options.pulsePort,
    tlsDir: options.peerTlsDir,
    tlsReloadMs: options.tlsReloadMs,
    silenceMs: options.peerSilenceMs,
    timing: { electionTimeoutMs, heartbeatMs, maxStallMs },
    onNews: (news) => logPulse(log, news),
  });
}

function logPulse(log: Logger, news: PulseNews): void {
  switch (news.what) {
    case 'died':
      log.error(news, 'the pulse thread died; another one is started');
      return;
    case 'refused':
    case 'certificates':
    case 'left out':
      log.warn(news, 'pulse');
      return;
    case 'up':
    case 'down':
    case 'listening':
      log.info(news, 'pulse');
      return;
    default:
      unreachable(news);
  }
}
