/** What COMMAND DOCS answers for one command (redis.io/commands/command-docs). */
import type { CommandEntry } from '#node/commands/command-index.ts';
import type { ArgumentDoc } from '#node/commands/spec.ts';
import type { ReplyWriter } from '#node/resp/reply.ts';

function writeArgument(reply: ReplyWriter, doc: ArgumentDoc): void {
  const from = reply.beginArray();
  let pairs = 2;
  reply.bulkText('name');
  reply.bulkText(doc.name);
  reply.bulkText('type');
  reply.bulkText(doc.type);
  if (doc.arguments === undefined) {
    reply.bulkText('display_text');
    reply.bulkText(doc.name);
    pairs++;
  }
  if (doc.keySpecIndex !== undefined) {
    reply.bulkText('key_spec_index');
    reply.integer(doc.keySpecIndex);
    pairs++;
  }
  if (doc.token !== undefined) {
    reply.bulkText('token');
    reply.bulkText(doc.token);
    pairs++;
  }
  if (doc.flags !== undefined && doc.flags.length > 0) {
    reply.bulkText('flags');
    reply.array(doc.flags.length);
    for (const flag of doc.flags) reply.simple(flag);
    pairs++;
  }
  if (doc.arguments !== undefined) {
    reply.bulkText('arguments');
    reply.array(doc.arguments.length);
    for (const inner of doc.arguments) writeArgument(reply, inner);
    pairs++;
  }
  reply.endMap(from, pairs);
}

/** One command as COMMAND DOCS shows it: its name and the map behind it. */
export function writeCommandDocs(reply: ReplyWriter, entry: CommandEntry): void {
  const { spec } = entry;
  reply.bulkText(entry.fullName);
  const from = reply.beginArray();
  let pairs = 4;
  reply.bulkText('summary');
  reply.bulkText(spec.summary);
  reply.bulkText('since');
  reply.bulkText(spec.since);
  reply.bulkText('group');
  reply.bulkText(spec.group);
  reply.bulkText('complexity');
  reply.bulkText(spec.complexity);
  if (spec.arguments !== undefined && spec.arguments.length > 0) {
    reply.bulkText('arguments');
    reply.array(spec.arguments.length);
    for (const doc of spec.arguments) writeArgument(reply, doc);
    pairs++;
  }
  if (entry.subcommands.length > 0) {
    reply.bulkText('subcommands');
    reply.map(entry.subcommands.length);
    for (const sub of entry.subcommands) writeCommandDocs(reply, sub);
    pairs++;
  }
  reply.endMap(from, pairs);
}
