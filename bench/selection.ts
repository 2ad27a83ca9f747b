/** Which cases are meant: `GROUP:CASE`, or any beginning of it that ends where a word ends. */

export interface Selectable {
  readonly name: string;
  readonly usual: readonly string[];
  readonly all: readonly string[];
}

/**
 * The cases to run by group, in the groups' order. A selector that names a case means that case; a
 * beginning means the usual cases that begin so or, when there is none, all that do. With `full` nothing
 * is left out as unusual. Throws for a selector that means nothing.
 */
export function select<G extends Selectable>(
  groups: readonly G[],
  selectors: readonly string[],
  full: boolean,
): Map<G, string[]> {
  const chosen = new Set<string>();
  for (const selector of selectors.length === 0 ? [''] : selectors) {
    const found = matches(groups, selector, full);
    if (found.length === 0) {
      const names = groups.map(({ name, usual }) => `${name}: ${usual.join(' ')}`).join('\n');
      throw new Error(
        `there is no case ${selector}; there are (--list --full names all):\n${names}`,
      );
    }
    for (const name of found) chosen.add(name);
  }
  const result = new Map<G, string[]>();
  for (const group of groups) {
    const cases = group.all.filter((name) => chosen.has(`${group.name}:${name}`));
    if (cases.length > 0) result.set(group, cases);
  }
  return result;
}

function matches(groups: readonly Selectable[], selector: string, full: boolean): string[] {
  const fullNames = (key: 'usual' | 'all'): string[] =>
    groups.flatMap((group) => group[key].map((name) => `${group.name}:${name}`));
  const all = fullNames('all');
  if (all.includes(selector)) return [selector];
  const begins = (name: string): boolean =>
    selector === '' || (name.startsWith(selector) && /^[:-]/.test(name.slice(selector.length)));
  const usual = fullNames('usual').filter(begins);
  return full || usual.length === 0 ? all.filter(begins) : usual;
}
