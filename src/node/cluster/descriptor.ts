/**
 * A shard's description of itself, as every node of the cluster knows it: slots, primary, members and
 * how to reach them. Only the shard's own primary writes one, out of its log; gossip carries it.
 *
 * Invariants: `(term, version)` orders the descriptors of one shard; ranges are ascending and disjoint.
 */
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import { SLOT_COUNT } from '#base/slot.ts';

/** Where one listener of a member is reached. A client is redirected within the listener it came by. */
export interface Endpoint {
  /** Name of the listener: `client`, later also external ones. */
  readonly listener: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export type MemberKind = 'data' | 'log';
/** `unknown`: the primary has not heard from it in this term. */
export type MemberRole = 'primary' | 'replica' | 'log' | 'learner' | 'unknown';
export type MemberState = 'online' | 'loading' | 'offline';

export interface MemberDescriptor {
  /** 16 lower-case hexadecimal digits. */
  readonly memberId: string;
  readonly name: string;
  readonly kind: MemberKind;
  readonly role: MemberRole;
  readonly state: MemberState;
  readonly peerHost: string;
  readonly peerPort: number;
  /** Empty for log members. */
  readonly endpoints: readonly Endpoint[];
}

/** Where clients of `listener` reach `member`; undefined when it has no such listener. */
export function endpointOf(member: MemberDescriptor, listener: string): Endpoint | undefined {
  return member.endpoints.find((candidate) => candidate.listener === listener);
}

/** Slots [first, last], which the shard was given at `epoch`. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly epoch: number;
}

export interface ShardDescriptor {
  readonly shard: string;
  /** Raft term of the primary that wrote this. */
  readonly term: number;
  /** Rises with every change within a term. */
  readonly version: number;
  /** memberId, or '' when the shard has no primary. */
  readonly primary: string;
  readonly slots: readonly SlotRange[];
  /** Empty: the shard has been removed. */
  readonly members: readonly MemberDescriptor[];
}

/** Thrown by {@link decodeDescriptor} for bytes that no version of this code has written. */
export class DescriptorError extends Error {
  readonly code = 'DESCRIPTOR_MALFORMED';
}

const FORMAT = 1;
const KINDS: readonly MemberKind[] = ['data', 'log'];
const ROLES: readonly MemberRole[] = ['primary', 'replica', 'log', 'learner', 'unknown'];
const STATES: readonly MemberState[] = ['online', 'loading', 'offline'];

/** Appends `descriptor`, its length first, so that a later format can be skipped by older nodes. */
export function encodeDescriptor(descriptor: ShardDescriptor, writer: ByteWriter): void {
  const lengthAt = writer.length;
  writer.uint32(0);
  writer.uint8(FORMAT);
  writer.string(descriptor.shard);
  writer.uint53(descriptor.term);
  writer.uint53(descriptor.version);
  writer.string(descriptor.primary);
  writer.uint16(descriptor.slots.length);
  for (const { first, last, epoch } of descriptor.slots) {
    writer.uint16(first);
    writer.uint16(last);
    writer.uint53(epoch);
  }
  writer.uint16(descriptor.members.length);
  for (const member of descriptor.members) encodeMember(member, writer);
  writer.setUint32(lengthAt, writer.length - lengthAt - 4);
}

/**
 * Reads what {@link encodeDescriptor} wrote; null for a newer format, which is skipped. Throws
 * {@link DescriptorError} or `TruncatedError`.
 */
export function decodeDescriptor(reader: ByteReader): ShardDescriptor | null {
  const body = reader.block();
  const inner = new ByteReader(body);
  if (inner.uint8() !== FORMAT) return null;
  const shard = inner.string();
  const term = inner.uint53();
  const version = inner.uint53();
  const primary = inner.string();
  const slots: SlotRange[] = [];
  for (let count = inner.uint16(); count > 0; count--) slots.push(decodeRange(inner, slots.at(-1)));
  const members: MemberDescriptor[] = [];
  for (let count = inner.uint16(); count > 0; count--) members.push(decodeMember(inner));
  if (inner.left > 0) throw new DescriptorError(`${inner.left} bytes too many`);
  return { shard, term, version, primary, slots, members };
}

/** The bytes of one descriptor: equal bytes, equal descriptors. */
export function descriptorBytes(descriptor: ShardDescriptor): Uint8Array {
  const writer = new ByteWriter();
  encodeDescriptor(descriptor, writer);
  return writer.copy();
}

function decodeRange(reader: ByteReader, before: SlotRange | undefined): SlotRange {
  const range = { first: reader.uint16(), last: reader.uint16(), epoch: reader.uint53() };
  const low = before === undefined ? 0 : before.last + 1;
  if (range.first < low || range.last < range.first || range.last >= SLOT_COUNT) {
    throw new DescriptorError(`slots ${range.first}-${range.last} out of order`);
  }
  return range;
}

function encodeMember(member: MemberDescriptor, writer: ByteWriter): void {
  writer.string(member.memberId);
  writer.string(member.name);
  writer.uint8(KINDS.indexOf(member.kind));
  writer.uint8(ROLES.indexOf(member.role));
  writer.uint8(STATES.indexOf(member.state));
  writer.string(member.peerHost);
  writer.uint16(member.peerPort);
  writer.uint8(member.endpoints.length);
  for (const { listener, host, port, tls } of member.endpoints) {
    writer.string(listener);
    writer.string(host);
    writer.uint16(port);
    writer.uint8(tls ? 1 : 0);
  }
}

function decodeMember(reader: ByteReader): MemberDescriptor {
  const memberId = reader.string();
  const name = reader.string();
  const kind = word(KINDS, reader.uint8());
  const role = word(ROLES, reader.uint8());
  const state = word(STATES, reader.uint8());
  const peerHost = reader.string();
  const peerPort = reader.uint16();
  const endpoints: Endpoint[] = [];
  for (let count = reader.uint8(); count > 0; count--) {
    endpoints.push({
      listener: reader.string(),
      host: reader.string(),
      port: reader.uint16(),
      tls: reader.uint8() === 1,
    });
  }
  return { memberId, name, kind, role, state, peerHost, peerPort, endpoints };
}

function word<T>(words: readonly T[], index: number): T {
  if (index >= words.length) throw new DescriptorError(`no word ${index}`);
  return words[index];
}
