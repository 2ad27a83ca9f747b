/**
 * The longest common subsequence of two byte strings, and the runs of it that are contiguous in both, found
 * and ordered as Redis does (t_string.c: lcsCommand), from the end of the strings to their start.
 */

/** A run: a[aStart, aEnd] equals b[bStart, bEnd], ends included. */
export interface CommonRun {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

export interface CommonSubsequence {
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly runs: readonly CommonRun[];
}

/** Bytes of the table that {@link longestCommonSubsequence} needs for strings of these lengths. */
export function tableBytes(aLength: number, bLength: number): number {
  return (aLength + 1) * (bLength + 1) * 4;
}

export function longestCommonSubsequence(a: Uint8Array, b: Uint8Array): CommonSubsequence {
  const width = b.length + 1;
  const table = fillTable(a, b);
  const length = table[a.length * width + b.length];
  const bytes = new Uint8Array(length);
  const runs: CommonRun[] = [];
  let run: CommonRun | null = null as CommonRun | null;
  let left = length;
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    let ended = false;
    if (a[i - 1] === b[j - 1]) {
      bytes[--left] = a[i - 1];
      if (run === null) run = { aStart: i - 1, aEnd: i - 1, bStart: j - 1, bEnd: j - 1 };
      else if (run.aStart === i && run.bStart === j) run = { ...run, aStart: i - 1, bStart: j - 1 };
      else ended = true;
      if (run.aStart === 0 || run.bStart === 0) ended = true;
      i--;
      j--;
    } else {
      if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
      else j--;
      ended = run !== null;
    }
    if (ended && run !== null) {
      runs.push(run);
      run = null;
    }
  }
  return { length, bytes, runs };
}

function fillTable(a: Uint8Array, b: Uint8Array): Uint32Array {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    const row = i * width;
    for (let j = 1; j <= b.length; j++) {
      if (a[i - 1] === b[j - 1]) table[row + j] = table[row - width + j - 1] + 1;
      else table[row + j] = Math.max(table[row - width + j], table[row + j - 1]);
    }
  }
  return table;
}
