/**
 * Process arguments: `--kebab-case value` or `--kebab-case=value`, each option at most once. Errors are
 * values that name option, value and rule, so that whoever reads the pod's log knows what to change.
 */
import { kebabCase } from './option.ts';
import { OPTION_GROUPS, OPTION_KEYS, optionRow } from './options.ts';
import type { OptionKey, Options } from './options.ts';

export type ParsedArguments =
  | { readonly options: Options }
  | { readonly help: true }
  | { readonly errors: readonly string[] };

/** How `key` is spelled as an argument and as a parameter, without leading hyphens. */
export function optionName(key: OptionKey): string {
  return optionRow(key).name ?? kebabCase(key);
}

const KEY_OF_NAME = new Map(OPTION_KEYS.map((key) => [optionName(key), key]));

/** The key of the option that is spelled `name`. */
export function optionKey(name: string): OptionKey | undefined {
  return KEY_OF_NAME.get(name);
}

/** Reads what stands after the script's name on the command line. */
export function parseArguments(args: readonly string[]): ParsedArguments {
  if (args.includes('--help')) return { help: true };
  const errors: string[] = [];
  const given = new Map<OptionKey, string>();
  for (let at = 0; at < args.length; at++) {
    const equals = args[at].indexOf('=');
    const flag = equals < 0 ? args[at] : args[at].slice(0, equals);
    const key = flag.startsWith('--') ? optionKey(flag.slice(2)) : undefined;
    if (key === undefined) {
      errors.push(`${flag} is not an option (see --help)`);
      if (equals < 0 && at + 1 < args.length && !args[at + 1].startsWith('--')) at++;
      continue;
    }
    const value = equals < 0 ? args[++at] : args[at].slice(equals + 1);
    if (value === undefined) errors.push(`${flag} needs a value`);
    else if (given.has(key)) errors.push(`${flag} is given twice`);
    else given.set(key, value);
  }
  return finish(given, errors);
}

/** All defaults with `values` over them: for tests and for embedding. `values` are not checked. */
export function withDefaults(
  values: Partial<Options> & Pick<Options, 'member' | 'shard' | 'cluster' | 'dataDir'>,
): Options {
  const options: Record<string, unknown> = {};
  for (const key of OPTION_KEYS) options[key] = optionRow(key).default;
  return { ...options, ...values } as Options;
}

/** The rules that concern more than one option; one sentence for each that is broken. */
export function checkTogether(options: Options): string[] {
  const broken: string[] = [];
  const rule = (holds: boolean, sentence: string): void => {
    if (!holds) broken.push(sentence);
  };
  rule(
    options.heartbeatMs * 4 <= options.electionTimeoutMs,
    `--heartbeat-ms ${options.heartbeatMs} must be at most a quarter of --election-timeout-ms ${options.electionTimeoutMs}`,
  );
  rule(
    options.clientAuth === 'none' || options.clientTlsDir !== '',
    `--client-auth ${options.clientAuth} needs --client-tls-dir`,
  );
  rule(
    options.peerMaxFrameBytes > options.maxBatchBytes + options.maxAppendBytes,
    '--peer-max-frame-bytes must be above --max-batch-bytes and --max-append-bytes together',
  );
  rule(
    options.maxInFlightBytes >= options.maxBatchBytes,
    '--max-in-flight-bytes must be at least --max-batch-bytes',
  );
  rule(
    options.diskStallMs >= options.heartbeatMs,
    '--disk-stall-ms must be at least --heartbeat-ms',
  );
  return broken;
}

/** The text of `--help`. */
export function renderHelp(): string {
  const lines = ['holdfast node: one member of a shard', '', 'Every option takes a value.'];
  for (const { title, rows } of OPTION_GROUPS) {
    lines.push('', `${title}:`);
    for (const key of Object.keys(rows) as OptionKey[]) {
      const row = optionRow(key);
      const preset = row.default === undefined ? 'required' : `default ${printed(key)}`;
      lines.push(`  --${optionName(key)} <${row.unit}>  (${row.bounds}; ${preset})`);
      lines.push(`      ${row.why}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The text of docs/OPTIONS.md. */
export function renderOptions(): string {
  const lines = [
    '# Options of a node',
    '',
    '<!-- Written by `node src/node/config/generate.ts` from src/node/config/options.ts. -->',
    '',
    'The operator sets them as arguments of the container (`--name value`). Scope `cluster` means that',
    '`spec.parameters` of a `MemoryCluster` sets them for every member; changes marked `live` take effect at',
    'once, others when a member restarts. Options in italics are accepted and do nothing yet.',
  ];
  for (const { title, rows } of OPTION_GROUPS) {
    lines.push('', `## ${title}`, '');
    lines.push('| option | unit | default | allowed | scope | change | why |');
    lines.push('|---|---|---|---|---|---|---|');
    for (const key of Object.keys(rows) as OptionKey[]) lines.push(tableLine(key));
  }
  return `${lines.join('\n')}\n`;
}

function tableLine(key: OptionKey): string {
  const row = optionRow(key);
  const name = row.inactive ? `*${optionName(key)}*` : `\`${optionName(key)}\``;
  const preset = row.default === undefined ? 'required' : printed(key) || '(empty)';
  const cells = [name, row.unit, preset, row.bounds, row.scope, row.change, row.why];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function printed(key: OptionKey): string {
  const row = optionRow(key);
  return row.print(row.default);
}

function finish(given: ReadonlyMap<OptionKey, string>, errors: string[]): ParsedArguments {
  const options: Record<string, unknown> = {};
  for (const key of OPTION_KEYS) {
    const row = optionRow(key);
    const text = given.get(key);
    if (text === undefined) {
      if (row.default === undefined) errors.push(`--${optionName(key)} must be given`);
      options[key] = row.default;
      continue;
    }
    const parsed = row.parse(text);
    if ('rule' in parsed) errors.push(`--${optionName(key)} '${text}' must be ${parsed.rule}`);
    else options[key] = parsed.value;
  }
  if (errors.length > 0) return { errors };
  const together = checkTogether(options as Options);
  return together.length > 0 ? { errors: together } : { options: options as Options };
}
