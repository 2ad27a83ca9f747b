/**
 * Spreads shard descriptors: a change of this node's own shard goes to every linked member at once;
 * besides, each node compares what it knows with a few random members every second, so that everybody
 * knows everything soon, whatever was lost.
 *
 * Two messages: UPDATE carries whole descriptors; DIGEST names (shard, term, version) of all that are
 * known, and is answered with an UPDATE of what the sender lacks and, when the sender knows more, with a
 * DIGEST that asks for it. An answer is never itself answered with a DIGEST, so nothing goes in circles.
 */
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { Prng } from '#base/prng.ts';
import { DescriptorError, decodeDescriptor, encodeDescriptor } from './descriptor.ts';
import type { ShardDescriptor } from './descriptor.ts';
import type { SlotMap } from './slot-map.ts';

const UPDATE = 1;
const DIGEST = 2;
/** A digest that must not be answered with another one. */
const DIGEST_REPLY = 3;

export interface GossipPorts {
  /** Best effort; `bytes` are not changed afterwards. */
  send(memberId: string, bytes: Uint8Array): void;
  /** memberIds with a link, without this member. */
  linked(): readonly string[];
  /** The slot map has changed by what another member said. */
  changed(descriptor: ShardDescriptor): void;
}

export interface GossipOptions {
  readonly map: SlotMap;
  readonly random: Prng;
  readonly ports: GossipPorts;
  readonly intervalMs: number;
  /** Members asked in each interval. */
  readonly fanout: number;
}

export class Gossip {
  readonly #options: GossipOptions;
  #nextMs = 0;

  constructor(options: GossipOptions) {
    this.#options = options;
  }

  /** Takes the newest descriptor of this node's own shard, and tells everybody if it is news. */
  publish(own: ShardDescriptor): void {
    const { map, ports } = this.#options;
    if (!map.apply(own)) return;
    const bytes = encodeUpdate([own]);
    for (const memberId of ports.linked()) ports.send(memberId, bytes);
  }

  /** Must be called at least every `intervalMs`; does nothing in between. */
  tick(nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + this.#options.intervalMs;
    const { ports, random, fanout } = this.#options;
    const linked = [...ports.linked()];
    const count = Math.min(fanout, linked.length);
    if (count === 0) return;
    const bytes = encodeDigest(this.#options.map, DIGEST);
    for (let i = 0; i < count; i++) {
      const chosen = i + random.below(linked.length - i);
      [linked[i], linked[chosen]] = [linked[chosen], linked[i]];
      ports.send(linked[i], bytes);
    }
  }

  /** A link to `memberId` has come up: compares at once, so that a new node need not wait. */
  linkUp(memberId: string): void {
    this.#options.ports.send(memberId, encodeDigest(this.#options.map, DIGEST));
  }

  /** Takes what another member sent. Throws {@link DescriptorError} or `TruncatedError` when malformed. */
  receive(fromMemberId: string, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    const type = reader.uint8();
    if (type === UPDATE) this.#update(reader);
    else if (type === DIGEST || type === DIGEST_REPLY) {
      this.#compare(fromMemberId, reader, type === DIGEST);
    }
    // a type of a later version is none of our business
  }

  #update(reader: ByteReader): void {
    const { map, ports } = this.#options;
    for (let count = reader.uint32(); count > 0; count--) {
      const descriptor = decodeDescriptor(reader);
      if (descriptor !== null && map.apply(descriptor)) ports.changed(descriptor);
    }
  }

  #compare(fromMemberId: string, reader: ByteReader, mayAsk: boolean): void {
    const { map, ports } = this.#options;
    const theirs = decodeDigest(reader);
    const newer: ShardDescriptor[] = [];
    for (const descriptor of map.descriptors()) {
      const known = theirs.get(descriptor.shard);
      if (known === undefined || isAfter(descriptor, known)) newer.push(descriptor);
    }
    if (newer.length > 0) ports.send(fromMemberId, encodeUpdate(newer));
    if (!mayAsk) return;
    for (const [shard, known] of theirs) {
      const ours = map.shard(shard);
      if (ours !== undefined && !isAfter(known, ours)) continue;
      ports.send(fromMemberId, encodeDigest(map, DIGEST_REPLY));
      return;
    }
  }
}

interface Version {
  readonly term: number;
  readonly version: number;
}

function isAfter(a: Version, b: Version): boolean {
  return a.term > b.term || (a.term === b.term && a.version > b.version);
}

function encodeUpdate(descriptors: readonly ShardDescriptor[]): Uint8Array {
  const writer = new ByteWriter();
  writer.uint8(UPDATE);
  writer.uint32(descriptors.length);
  for (const descriptor of descriptors) encodeDescriptor(descriptor, writer);
  return writer.copy();
}

function encodeDigest(map: SlotMap, type: number): Uint8Array {
  const writer = new ByteWriter();
  writer.uint8(type);
  const descriptors = map.descriptors();
  writer.uint32(descriptors.length);
  for (const { shard, term, version } of descriptors) {
    writer.string(shard);
    writer.uint53(term);
    writer.uint53(version);
  }
  return writer.copy();
}

function decodeDigest(reader: ByteReader): Map<string, Version> {
  const digest = new Map<string, Version>();
  for (let count = reader.uint32(); count > 0; count--) {
    const shard = reader.string();
    digest.set(shard, { term: reader.uint53(), version: reader.uint53() });
  }
  if (reader.left > 0) throw new DescriptorError(`${reader.left} bytes too many`);
  return digest;
}
