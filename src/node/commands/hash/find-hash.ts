/** Going to a key that must hold a hash, and to its fields. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

/**
 * Goes to the hash that argument 1 names. 'refused': the key holds another type, and the error has been
 * written.
 */
export function findHash(context: CommandContext): 'found' | 'none' | 'refused' {
  const { args, keyspace } = context;
  const type = keyspace.find(args.bytes, args.start(1), args.end(1));
  if (type === 'hash') return 'found';
  if (type === 'none') return 'none';
  context.reply.error(ERRORS.wrongType);
  return 'refused';
}

/** Goes to the field that argument `i` names, in the hash found last. */
export function findField({ args, keyspace }: CommandContext, i: number): boolean {
  return keyspace.hashes.find(args.bytes, args.start(i), args.end(i));
}

/** Writes the field that the hash stands on as a bulk string. */
export function replyField({ keyspace, reply }: CommandContext): void {
  reply.bulkRange(keyspace.hashes.field);
}

/** Writes the value of the field that the hash stands on as a bulk string. */
export function replyFieldValue({ keyspace, reply }: CommandContext): void {
  reply.bulkRange(keyspace.hashes.value);
}

/** Sets the field of argument `fieldAt` to argument `valueAt` in the key of argument 1; true when it is new. */
export function setField(
  { args, keyspace }: CommandContext,
  fieldAt: number,
  valueAt: number,
): boolean {
  const { bytes } = args;
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  const fieldStart = args.start(fieldAt);
  const fieldEnd = args.end(fieldAt);
  const valueStart = args.start(valueAt);
  const valueEnd = args.end(valueAt);
  return keyspace.hashes.set(
    bytes,
    keyStart,
    keyEnd,
    bytes,
    fieldStart,
    fieldEnd,
    bytes,
    valueStart,
    valueEnd,
  );
}

/** Sets the field of argument 2 in the key of argument 1 to value[0, length). */
export function setFieldTo(
  { args, keyspace }: CommandContext,
  value: Uint8Array,
  length: number,
): void {
  const { bytes } = args;
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  const fieldStart = args.start(2);
  const fieldEnd = args.end(2);
  keyspace.hashes.set(bytes, keyStart, keyEnd, bytes, fieldStart, fieldEnd, value, 0, length);
}
