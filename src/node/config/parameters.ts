/**
 * Parameters: the options of scope `cluster`, as `spec.parameters` and CONFIG GET spell them. They reach
 * the members as log entries, so every member reads the same text.
 */
import { optionKey, optionName } from './arguments.ts';
import { OPTION_KEYS, optionRow } from './options.ts';
import type { OptionKey, Options } from './options.ts';

/** Keys of all parameters in the order of the table. */
export const PARAMETER_KEYS: readonly OptionKey[] = OPTION_KEYS.filter(
  (key) => optionRow(key).scope === 'cluster',
);

/** One sentence for each parameter that is unknown or breaks its rule; none: all are right. */
export function checkParameters(parameters: Readonly<Record<string, string>>): string[] {
  const broken: string[] = [];
  for (const [name, text] of Object.entries(parameters)) {
    const key = optionKey(name);
    if (key === undefined || optionRow(key).scope !== 'cluster') {
      broken.push(`${name} is not a parameter`);
      continue;
    }
    const parsed = optionRow(key).parse(text);
    if ('rule' in parsed) broken.push(`${name} '${text}' must be ${parsed.rule}`);
  }
  return broken;
}

/**
 * `options` with `parameters` over them. What a newer version wrote and this one does not understand
 * keeps its value: {@link checkParameters} has refused real mistakes before they were logged.
 */
export function withParameters(
  options: Options,
  parameters: Readonly<Record<string, string>>,
): Options {
  const changed: Record<string, unknown> = { ...options };
  for (const [name, text] of Object.entries(parameters)) {
    const key = optionKey(name);
    if (key === undefined || optionRow(key).scope !== 'cluster') continue;
    const parsed = optionRow(key).parse(text);
    if ('value' in parsed) changed[key] = parsed.value;
  }
  return changed as Options;
}

/** The value of the parameter `key` as CONFIG GET prints it: bytes as a plain number. */
export function printParameter(options: Options, key: OptionKey): string {
  return String(options[key]);
}

/** Names of the given parameters that are accepted and do nothing yet. */
export function inactiveParameters(parameters: Readonly<Record<string, string>>): string[] {
  return PARAMETER_KEYS.filter((key) => optionRow(key).inactive && optionName(key) in parameters)
    .map((key) => optionName(key))
    .sort();
}
