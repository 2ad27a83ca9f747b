/** What is measured: the command and how it is sent. */

export interface BenchCase {
  readonly name: string;
  readonly command: 'set' | 'get';
  readonly pipeline: number;
}

export const CONNECTIONS = 50;
export const VALUE_BYTES = 64;
/** Keys that the commands are spread over, at random. */
export const KEYS = 100_000;

export const CASES: readonly BenchCase[] = [
  { name: 'set', command: 'set', pipeline: 1 },
  { name: 'get', command: 'get', pipeline: 1 },
  { name: 'set-p16', command: 'set', pipeline: 16 },
  { name: 'get-p16', command: 'get', pipeline: 16 },
];

/** The named cases, or all when none is named. Throws for a name that is none. */
export function chooseCases(names: readonly string[]): readonly BenchCase[] {
  if (names.length === 0) return CASES;
  return names.map((name) => {
    const found = CASES.find((one) => one.name === name);
    if (found === undefined) {
      throw new Error(`no case ${name}; there are: ${CASES.map((one) => one.name).join(', ')}`);
    }
    return found;
  });
}
