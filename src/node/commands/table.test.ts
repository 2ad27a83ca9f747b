import { expect, test } from 'vitest';
import { extractKeys, KeyPositions } from '#node/commands/keys.ts';
import type { CommandSpec, KeySpec } from '#node/commands/spec.ts';
import { Arguments } from '#node/resp/arguments.ts';
import { CommandIndex } from './command-index.ts';
import { COMMANDS } from './table.ts';

const index = new CommandIndex(COMMANDS);

test('every command is found by its bytes in any case, and nothing else is', () => {
  for (const spec of COMMANDS) {
    expect(index.find(Arguments.of(spec.name))?.spec).toBe(spec);
    expect(index.find(Arguments.of(spec.name.toUpperCase()))?.spec).toBe(spec);
    expect(index.byName(spec.name)?.spec).toBe(spec);
    for (const subcommand of spec.subcommands ?? []) {
      const args = Arguments.of(spec.name, subcommand.name.toUpperCase());
      expect(index.of(spec).subcommand(args)?.spec).toBe(subcommand);
      expect(index.byName(`${spec.name}|${subcommand.name}`)?.spec).toBe(subcommand);
    }
  }
  for (const name of ['', 'ge', 'gett', 'nosuch', 'g\x05t', '\xe7\xe5\xf4']) {
    expect(index.find(Arguments.of(name))).toBeUndefined();
  }
});

test('every command can run or has subcommands, and says what its reply waits for', () => {
  for (const spec of COMMANDS) {
    expect(spec.run !== undefined || (spec.subcommands?.length ?? 0) > 0).toBe(true);
    expect(spec.name).toBe(spec.name.toLowerCase());
    const touches =
      spec.flags.includes('write') || spec.keys.some((key) => key.flags.includes('RO'));
    expect([spec.name, touches && spec.scope === 'none']).toEqual([
      spec.name,
      spec.name === 'watch' && spec.scope === 'none',
    ]);
  }
});

test('arity is exact, or a minimum when negative', () => {
  const one = index.byName('get');
  expect([1, 2, 3].map((count) => one?.allowsCount(count))).toEqual([false, true, false]);
  const many = index.byName('del');
  expect([1, 2, 3].map((count) => many?.allowsCount(count))).toEqual([false, true, true]);
});

test('keys stand where the key specs say', () => {
  const cases: [KeySpec['begin'], KeySpec['find'], string, number[] | null][] = [
    [{ index: 1 }, { last: 0, step: 1, limit: 0 }, 'c k', [1]],
    [{ index: 1 }, { last: -1, step: 1, limit: 0 }, 'c k k k', [1, 2, 3]],
    [{ index: 1 }, { last: -2, step: 1, limit: 0 }, 'c k k t', [1, 2]],
    [{ index: 1 }, { last: -1, step: 2, limit: 0 }, 'c k v k v', [1, 3]],
    [{ index: 2 }, { keyNumIndex: 0, first: 1, step: 1 }, 'c x 2 k k v', [3, 4]],
    [{ index: 2 }, { keyNumIndex: 0, first: 1, step: 1 }, 'c x 0', []],
    [{ index: 2 }, { keyNumIndex: 0, first: 1, step: 1 }, 'c x 3 k k', null],
    [{ index: 2 }, { keyNumIndex: 0, first: 1, step: 1 }, 'c x y k', null],
    [{ index: 2 }, { keyNumIndex: 0, first: 1, step: 1 }, 'c x 9223372036854775807 k', null],
    [
      { keyword: 'STREAMS', startFrom: 1 },
      { last: -1, step: 1, limit: 2 },
      'c x streams k k 0 0',
      [3, 4],
    ],
    [{ keyword: 'KEYS', startFrom: -2 }, { last: -1, step: 1, limit: 0 }, 'c x keys k k', [3, 4]],
    [{ keyword: 'STORE', startFrom: 2 }, { last: 0, step: 1, limit: 0 }, 'c k', []],
    [{ index: 5 }, { last: 0, step: 1, limit: 0 }, 'c k', []],
  ];
  const base = index.byName('get')?.spec as CommandSpec;
  const out = new KeyPositions();
  for (const [begin, find, line, expected] of cases) {
    const spec = { ...base, keys: [{ flags: ['RO'], begin, find }] } as const;
    const ok = extractKeys(spec, Arguments.of(...line.split(' ')), out);
    expect([line, ok ? out.positions.slice(0, out.count) : null]).toEqual([line, expected]);
  }
});
