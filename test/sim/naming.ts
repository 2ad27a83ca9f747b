/** What simulated members are called, and what others hear of them. */
import type { MemberDescriptor } from '#node/cluster/descriptor.ts';
import type { SimMember } from './member.ts';

/** 16 hexadecimal digits for the n-th member. */
export function newId(number: number): string {
  const digits = number.toString(16).padStart(number > 15 ? 2 : 1, '0');
  return digits.repeat(16 / digits.length);
}

/** As gossip has it. */
export function describe({ id, name, kind }: SimMember): MemberDescriptor {
  return {
    memberId: id,
    name,
    kind,
    role: 'unknown',
    state: 'online',
    peerHost: id,
    peerPort: 1,
    endpoints: kind === 'log' ? [] : [{ listener: 'client', host: id, port: 1, tls: false }],
  };
}
