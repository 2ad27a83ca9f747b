/**
 * The arguments of a node process, rendered from values of its option table: a name or a value that the
 * node would refuse cannot be rendered. Process options are arguments in the template; there is no
 * configuration file.
 */
import { invariant } from '#base/invariant.ts';
import { optionName } from '#node/config/arguments.ts';
import { OPTION_KEYS, optionRow } from '#node/config/options.ts';
import type { Options } from '#node/config/options.ts';

/** `--name value` for each given option, in the order of the table. */
export function nodeArguments(values: Partial<Options>): readonly string[] {
  return OPTION_KEYS.flatMap((key) => {
    const value = values[key];
    if (value === undefined) return [];
    const row = optionRow(key);
    const text = row.print(value);
    const parsed = row.parse(text);
    invariant('value' in parsed, `option ${key} cannot be ${text}`);
    return [`--${optionName(key)}`, text];
  });
}
