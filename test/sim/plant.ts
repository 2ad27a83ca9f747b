/**
 * Plants a bug: a module loader hook changes the source text of one file as it is loaded, before its types are
 * stripped. So what ships has no switches for tests.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MUTANTS, type Mutant } from './mutants.ts';

/** From now on the files that `mutant` changes are loaded with its bug. */
export function plant(name: string): void {
  const patched = patchedSources(name);
  registerHooks({
    load: (url, context, nextLoad) => {
      const source = patched.get(url);
      if (source === undefined) return nextLoad(url, context);
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}

/** The changed sources by URL; throws when a text is not found. */
export function patchedSources(name: string): ReadonlyMap<string, string> {
  const mutant = MUTANTS.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant called ${name}`);
  const root = new URL('../../', import.meta.url);
  const patched = new Map<string, string>();
  for (const { file, find, replace } of mutant.patches) {
    const url = new URL(file, root).href;
    const source = patched.get(url) ?? readFileSync(fileURLToPath(url), 'utf8');
    patched.set(url, substitute(mutant, file, source, find, replace));
  }
  return patched;
}

/** `find` must be in the text exactly once: else the program has changed and the mutant is to be written anew. */
export function substitute(
  { name }: Mutant,
  file: string,
  source: string,
  find: string,
  replace: string,
): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`mutant ${name}: ${file} has ${parts.length - 1} places that say ${find}`);
  }
  return parts.join(replace);
}
