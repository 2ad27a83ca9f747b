/** Runs seeds with a planted bug until one fails. */
import { MOST_SEEDS } from './mutants.ts';
import { patchedSources } from './plant.ts';
import { runSeeds } from './pool.ts';

export interface Caught {
  /** How many seeds it took, counted from the first. */
  readonly seeds: number;
  /** What failed, in short; null when nothing did. */
  readonly by: string | null;
}

/** The first seeds with `mutant` planted, up to the first that fails. */
export async function catchMutant(mutant: string, first: number, jobs: number): Promise<Caught> {
  patchedSources(mutant); // a text that is gone is no catch
  let caught: { readonly seed: number; readonly by: string } | null = null;
  try {
    await runSeeds({
      first,
      seeds: MOST_SEEDS,
      jobs,
      mutant,
      onResult: ({ seed, failure }) => {
        if (failure === null) return true;
        caught = { seed, by: brief(failure) };
        return false;
      },
    });
  } catch (error) {
    return { seeds: MOST_SEEDS, by: brief(String(error)) };
  }
  // the callback has set it, which the compiler does not see
  const found = caught as { readonly seed: number; readonly by: string } | null;
  if (found === null) return { seeds: MOST_SEEDS, by: null };
  return { seeds: found.seed - first + 1, by: found.by };
}

/** The rule that a failure names. */
function brief(failure: string): string {
  const [line] = failure.split('\n');
  return line.replace(/^\w*Error: /, '').replace(/: [[{"].*$/, '');
}
