/** Random command lines over all families; now and then malformed. */
import type { Draw, Line } from './draw.ts';
import type { Family } from './families/family.ts';
import { generic } from './families/generic.ts';
import { hashes } from './families/hashes.ts';
import { lists } from './families/lists.ts';
import { sets } from './families/sets.ts';
import { sort } from './families/sort.ts';
import { sortedSets } from './families/sorted-sets.ts';
import { strings } from './families/strings.ts';

export const FAMILIES: Readonly<Record<string, Family>> = {
  strings,
  hashes,
  lists,
  sets,
  sortedSets,
  sort,
  generic,
};

const families = Object.values(FAMILIES);
const rare = new Set(families.flatMap((family) => family.rare ?? []));

/** The next line of a sequence that is mostly about one family, so that its keys live for a while. */
export function drawLine(draw: Draw, focus: Family): Line {
  const chance = draw.random.below(100);
  if (chance < 5) return ['OBJECT', 'ENCODING', draw.key()];
  const family = chance < 65 ? focus : chance < 80 ? generic : draw.of(families);
  const names = Object.keys(family.commands);
  let name = draw.of(names);
  while (rare.has(name) && !draw.random.chance(0.1)) name = draw.of(names);
  let args = family.commands[name](draw);
  if (draw.random.chance(0.02)) args = args.slice(0, -1);
  if (draw.random.chance(0.02)) args.push(draw.value());
  return [draw.random.chance(0.9) ? name : name.toLowerCase(), ...args];
}
