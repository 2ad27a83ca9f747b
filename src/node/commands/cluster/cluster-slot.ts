/** CLUSTER KEYSLOT, COUNTKEYSINSLOT, GETKEYSINSLOT. */
import { SLOT_COUNT, slotOfKey } from '#base/slot.ts';
import type { CommandSpec } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';

/** Argument `at` as a slot, or null. */
function slotAt(args: Arguments, at: number): number | null {
  const slot = args.clampedInteger(at);
  return slot === undefined || slot < 0 || slot >= SLOT_COUNT ? null : slot;
}

export const clusterKeySlot: CommandSpec = {
  name: 'keyslot',
  arity: 3,
  group: 'cluster',
  since: '3.0.0',
  summary: 'Returns the hash slot for a key.',
  complexity: 'O(N) where N is the number of bytes in the key',
  flags: ['stale'],
  categories: [],
  keys: [],
  scope: 'none',
  arguments: [{ name: 'key', type: 'string' }],
  run: ({ args, reply }) => reply.integer(slotOfKey(args.bytes, args.start(2), args.end(2))),
};

export const clusterCountKeysInSlot: CommandSpec = {
  name: 'countkeysinslot',
  arity: 3,
  group: 'cluster',
  since: '3.0.0',
  summary: 'Returns the number of keys in a hash slot.',
  complexity: 'O(1)',
  flags: ['stale'],
  categories: [],
  keys: [],
  scope: 'whole',
  arguments: [{ name: 'slot', type: 'integer' }],
  run: ({ args, reply, node }) => {
    const value = args.integer(2);
    const slot = slotAt(args, 2);
    if (value === undefined) reply.error(ERRORS.notInteger);
    else if (slot === null) reply.error(ERRORS.invalidSlot);
    else reply.integer(node.countKeysInSlot(slot));
  },
};

export const clusterGetKeysInSlot: CommandSpec = {
  name: 'getkeysinslot',
  arity: 4,
  group: 'cluster',
  since: '3.0.0',
  summary: 'Returns the key names in a hash slot.',
  complexity: 'O(N) where N is the number of requested keys',
  flags: ['stale'],
  categories: [],
  keys: [],
  scope: 'whole',
  tips: ['nondeterministic_output'],
  arguments: [
    { name: 'slot', type: 'integer' },
    { name: 'count', type: 'integer' },
  ],
  run: ({ args, reply, node }) => {
    const limit = args.clampedInteger(3);
    if (args.integer(2) === undefined || limit === undefined) {
      reply.error(ERRORS.notInteger);
      return;
    }
    const slot = slotAt(args, 2);
    if (slot === null || limit < 0) {
      reply.error(ERRORS.invalidSlotCount);
      return;
    }
    const keys = node.keysInSlot(slot, limit);
    reply.array(keys.length);
    for (const key of keys) reply.bulk(key);
  },
};
