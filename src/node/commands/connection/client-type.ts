/** Types of clients as CLIENT LIST and KILL name them. */
import type { ClientFilter } from '#node/commands/node-port.ts';

export type ClientType = NonNullable<ClientFilter['type']>;

/** The type called `name` in any case (`slave` is an old name of `replica`), or null. */
export function clientType(name: string): ClientType | null {
  const lower = name.toLowerCase();
  if (lower === 'slave') return 'replica';
  if (lower === 'normal' || lower === 'master' || lower === 'replica' || lower === 'pubsub') {
    return lower;
  }
  return null;
}
