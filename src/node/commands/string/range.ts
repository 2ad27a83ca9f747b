/** What GETRANGE and its old name SUBSTR do. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findString } from './find-string.ts';

/** Replies with a part of a string, both ends included; negative offsets count from the end. */
export function replyRange(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const first = args.clampedInteger(2);
  const last = args.clampedInteger(3);
  if (first === undefined || last === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const found = findString(context, 1);
  if (found === 'refused') return;
  const length = found === 'none' ? 0 : keyspace.value.length;
  const from = Math.max(0, first < 0 ? length + first : first);
  const to = Math.min(length - 1, Math.max(0, last < 0 ? length + last : last));
  const crossed = first < 0 && last < 0 && first > last;
  if (crossed || from > to || length === 0) {
    reply.bulkLatin1('');
    return;
  }
  const { value } = keyspace;
  reply.bulk(value.bytes, value.start + from, value.start + to + 1);
}
