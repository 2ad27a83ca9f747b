/** The middle of some figures: what a noisy machine disturbs least. */

/** The lower of the two middle ones when their number is even; NaN of none. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[Math.floor((sorted.length - 1) / 2)];
}

/** The one with the middle figure. */
export function medianBy<T>(items: readonly T[], figure: (item: T) => number): T {
  const sorted = items.toSorted((a, b) => figure(a) - figure(b));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
