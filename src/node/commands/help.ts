/** The HELP subcommand of container commands, as Redis words and shapes it. */
import type { AclCategory, CommandGroup, CommandSpec } from './spec.ts';

/** What {@link helpOf} needs to know of the container. */
export interface HelpOptions {
  /** Lower case. */
  readonly container: string;
  readonly group: CommandGroup;
  readonly since: string;
  readonly categories: readonly AclCategory[];
  /** A line for each subcommand and, four spaces in, lines about it. */
  readonly lines: readonly string[];
}

/** The HELP subcommand. */
export function helpOf({ container, group, since, categories, lines }: HelpOptions): CommandSpec {
  const name = container.toUpperCase();
  return {
    name: 'help',
    arity: 2,
    group,
    since,
    summary: 'Returns helpful text about the different subcommands.',
    complexity: 'O(1)',
    flags: ['loading', 'stale'],
    categories,
    keys: [],
    scope: 'none',
    run: ({ reply }) => {
      reply.array(lines.length + 3);
      reply.simple(`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
      for (const line of lines) reply.simple(line);
      reply.simple('HELP');
      reply.simple('    Print this help.');
    },
  };
}
