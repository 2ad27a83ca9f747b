import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  checkTogether,
  optionKey,
  optionName,
  parseArguments,
  renderHelp,
  renderOptions,
  withDefaults,
} from './arguments.ts';
import { kebabCase, parseBytes, printBytes } from './option.ts';
import { OPTION_KEYS, optionRow } from './options.ts';
import type { Options } from './options.ts';
import {
  PARAMETER_KEYS,
  checkParameters,
  inactiveParameters,
  printParameter,
  withParameters,
} from './parameters.ts';

const REQUIRED = '--member shop-0001-001 --shard 0001 --cluster shop --data-dir /data'.split(' ');
const DEFAULTS = withDefaults({
  member: 'shop-0001-001',
  shard: '0001',
  cluster: 'shop',
  dataDir: '/data',
});

function parsed(...args: string[]): Options {
  const result = parseArguments([...REQUIRED, ...args]);
  if (!('options' in result)) throw new Error(JSON.stringify(result));
  return result.options;
}

function errors(...args: string[]): readonly string[] {
  const result = parseArguments(args);
  return 'errors' in result ? result.errors : [];
}

test('with only what is required, every option has its default', () => {
  expect(parsed()).toEqual(DEFAULTS);
});

test('every default is within its own bounds, and the defaults fit together', () => {
  for (const key of OPTION_KEYS) {
    const row = optionRow(key);
    if (row.default === undefined) continue;
    expect([key, row.parse(row.print(row.default))]).toEqual([key, { value: row.default }]);
  }
  expect(checkTogether(DEFAULTS)).toEqual([]);
});

test('names are kebab case and stand for one option each', () => {
  expect(kebabCase('maxBatchBytes')).toBe('max-batch-bytes');
  for (const key of OPTION_KEYS) {
    expect(optionName(key)).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(optionKey(optionName(key))).toBe(key);
  }
});

test('values are read in both spellings and become typed', () => {
  const options = parsed('--client-port', '7000', '--maxmemory=1gb', '--kind', 'log');
  expect(options.clientPort).toBe(7000);
  expect(options.maxmemory).toBe(1024 ** 3);
  expect(options.kind).toBe('log');
  expect(parsed('--zone=').zone).toBe('');
});

test('an error names the option, the value and the rule; all errors are told at once', () => {
  expect(errors(...REQUIRED, '--client-port', '70000', '--kind', 'x')).toEqual([
    "--kind 'x' must be data or log",
    "--client-port '70000' must be a whole number, 1 to 65535, or 0: any free port",
  ]);
  expect(errors('--shard', '0001', '--cluster', 'shop', '--data-dir', '/d')).toEqual([
    '--member must be given',
  ]);
  expect(errors(...REQUIRED, '--nonsense', '5')).toEqual([
    '--nonsense is not an option (see --help)',
  ]);
  expect(errors(...REQUIRED, 'stray')).toEqual(['stray is not an option (see --help)']);
  expect(errors(...REQUIRED, '--kind', 'log', '--kind', 'data')).toEqual(['--kind is given twice']);
  expect(errors(...REQUIRED, '--kind')).toEqual(['--kind needs a value']);
  expect(errors(...REQUIRED, '--maxmemory', '12parsecs')[0]).toMatch(/must be bytes such as/);
});

test('options that do not fit together are refused with both named', () => {
  expect(errors(...REQUIRED, '--heartbeat-ms', '200')).toEqual([
    '--heartbeat-ms 200 must be at most a quarter of --election-timeout-ms 400',
  ]);
  expect(errors(...REQUIRED, '--client-auth', 'required')).toEqual([
    '--client-auth required needs --client-tls-dir',
  ]);
});

test('bytes have the suffixes of Redis and of Kubernetes', () => {
  const cases = { '1': 1, '1k': 1000, '1kb': 1024, '1Ki': 1024, '2MB': 2 * 1024 ** 2, '1g': 1e9 };
  for (const [text, bytes] of Object.entries(cases))
    expect([text, parseBytes(text)]).toEqual([text, bytes]);
  for (const text of ['', '-1', '1.5mb', 'mb', '1tb', '1 mb']) {
    expect([text, parseBytes(text)]).toEqual([text, Number.NaN]);
  }
  for (const bytes of [0, 5, 1024, 1536, 4 * 1024 ** 2, 1024 ** 3, 1000]) {
    expect(parseBytes(printBytes(bytes))).toBe(bytes);
  }
});

test('--help shows every option with its bounds and default', () => {
  expect(parseArguments(['--help'])).toEqual({ help: true });
  const help = renderHelp();
  for (const key of OPTION_KEYS) expect(help).toContain(`--${optionName(key)} <`);
  expect(help).toContain('--election-timeout-ms <ms>  (50 to 60000; default 400)');
});

test("parameters are the options of scope cluster, under MemoryDB's names and defaults", () => {
  const names = PARAMETER_KEYS.map((key) => optionName(key));
  expect(names).toContain('maxmemory-policy');
  expect(names).toContain('timeout');
  expect(names).toContain('proto-max-bulk-len');
  expect(names).not.toContain('election-timeout-ms');
  expect(printParameter(DEFAULTS, 'protoMaxBulkLen')).toBe('536870912');
  expect(printParameter(DEFAULTS, 'maxmemoryPolicy')).toBe('noeviction');
});

test('a parameter that is unknown, not one, or out of bounds is refused with its rule', () => {
  expect(checkParameters({ timeout: '300', 'maxmemory-policy': 'allkeys-lru' })).toEqual([]);
  expect(checkParameters({ timeout: '5', x: '1', 'client-port': '7000' })).toEqual([
    "timeout '5' must be a whole number, 20 to 1000000000, or 0: never",
    'x is not a parameter',
    'client-port is not a parameter',
  ]);
});

test('parameters go over the options; what is not understood changes nothing', () => {
  const options = withParameters(DEFAULTS, {
    timeout: '300',
    'maxmemory-policy': 'of-the-future',
    'client-port': '1',
    unknown: 'x',
  });
  expect(options).toEqual({ ...DEFAULTS, idleTimeoutSeconds: 300 });
  expect(inactiveParameters({ timeout: '1', 'maxmemory-samples': '3' })).toEqual([
    'maxmemory-samples',
  ]);
});

test('docs/OPTIONS.md is what the table says (node src/node/config/generate.ts)', () => {
  const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'OPTIONS.md');
  expect(readFileSync(path, 'utf8')).toBe(renderOptions());
});
