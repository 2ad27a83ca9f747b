/** The parts of checking a command that need no state of the connection. */
import type { CommandEntry } from '#node/commands/command-index.ts';
import { extractKeys, KeyPositions } from '#node/commands/keys.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import type { Transaction } from './transaction.ts';

/** The command names no key. */
export const NO_SLOT = -1;
/** More than one slot among the keys. */
export const CROSS_SLOT = -2;
/** It touches no keyspace, so it runs wherever it is. */
export const NOWHERE = -3;

const SPACE = 0x20;
const CR = 0x0d;
const keyPositions = new KeyPositions();

/** The slot of the command's keys, {@link NO_SLOT} when it names none, {@link CROSS_SLOT} when several. */
export function slotOf(entry: CommandEntry, args: Arguments, keyspace: Keyspace): number {
  const { keyAt } = entry;
  if (keyAt > 0) return keyspace.slotOf(args.bytes, args.start(keyAt), args.end(keyAt));
  if (!entry.hasKeys || !extractKeys(entry.spec, args, keyPositions)) return NO_SLOT;
  let slot = NO_SLOT;
  for (let k = 0; k < keyPositions.count; k++) {
    const at = keyPositions.positions[k];
    const next = keyspace.slotOf(args.bytes, args.start(at), args.end(at));
    if (slot !== NO_SLOT && next !== slot) return CROSS_SLOT;
    slot = next;
  }
  return slot;
}

/** The code of an error reply at `from`: `WRONGTYPE` of `-WRONGTYPE Operation…`. */
export function errorCode(bytes: Uint8Array, from: number): string {
  let code = '';
  for (let at = from + 1; bytes[at] !== SPACE && bytes[at] !== CR && code.length < 32; at++) {
    code += String.fromCharCode(bytes[at]);
  }
  return code;
}

/** Redis' text for a command that is not in the table. */
export function unknownCommand(args: Arguments): string {
  let begun = '';
  for (let i = 1; i < args.count && begun.length < 128; i++) {
    begun += `'${args.text(i).slice(0, 128 - begun.length)}' `;
  }
  return ERRORS.unknownCommand(args.text(0).slice(0, 128), begun);
}

export function unknownSubcommand(args: Arguments, container: string): string {
  return ERRORS.unknownSubcommand(args.text(1).slice(0, 128), container.toUpperCase());
}

/** One slot of all the keys of what is queued, {@link NO_SLOT} or {@link CROSS_SLOT}. */
export function slotOfQueue({ entries, args }: Transaction, keyspace: Keyspace): number {
  let slot = NO_SLOT;
  for (let at = 0; at < entries.length; at++) {
    const next = slotOf(entries[at], args[at], keyspace);
    if (next === NO_SLOT) continue;
    if (next === CROSS_SLOT || (slot !== NO_SLOT && slot !== next)) return CROSS_SLOT;
    slot = next;
  }
  return slot;
}

/** Would the command, or what EXEC is to run, take memory? */
export function growsMemory(entry: CommandEntry, transaction: Transaction): boolean {
  if (entry.isExec) return transaction.entries.some((queued) => queued.denyOom);
  return entry.denyOom || (transaction.open && !entry.runsInMulti);
}
