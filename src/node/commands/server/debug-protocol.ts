/** DEBUG PROTOCOL: a reply of each type, for tests of clients. */
import { latin1, utf8 } from '#base/bytes.ts';
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

const BIG_NUMBER = 1234567999999999999999999999999999999n;

/** Replies with the type that argument 2 names. */
export function replyOfType({ args, reply }: CommandContext): void {
  switch (latin1(args.bytes, args.start(2), args.end(2)).toLowerCase()) {
    case 'string':
      return reply.bulkLatin1('Hello World');
    case 'integer':
      return reply.integer(12345);
    case 'double':
      return reply.double(3.141);
    case 'null':
      return reply.null();
    case 'array':
      reply.array(3);
      for (let i = 0; i < 3; i++) reply.integer(i);
      return;
    case 'set':
      reply.set(3);
      for (let i = 0; i < 3; i++) reply.integer(i);
      return;
    case 'map':
      reply.map(3);
      for (let i = 0; i < 3; i++) {
        reply.integer(i);
        reply.boolean(i === 1);
      }
      return;
    case 'attrib':
      if (reply.protocol === 3) {
        reply.raw(utf8('|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n'));
      }
      return reply.bulkLatin1('Some real reply following the attribute');
    case 'push':
      if (reply.protocol === 2) return reply.error(ERRORS.resp3Only);
      reply.push(2);
      reply.bulkLatin1('server-cpu-usage');
      reply.integer(42);
      return reply.bulkLatin1('Some real reply following the push reply');
    case 'verbatim':
      return reply.verbatim('txt', 'This is a verbatim\nstring');
    case 'true':
      return reply.boolean(true);
    case 'false':
      return reply.boolean(false);
    case 'bignum':
      return reply.bigNumber(BIG_NUMBER);
    default:
      return reply.error(ERRORS.wrongProtocolType);
  }
}
