/** Kubernetes quantities ("512Mi", "100m", "2e9"): to numbers, and byte counts back to text. */

/** What a quantity may look like; no sign, because nothing of ours can be negative. RE2 and JavaScript. */
export const QUANTITY_PATTERN = '^[0-9]+(\\.[0-9]+)?([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$';

const MATCHER = /^([0-9]+(?:\.[0-9]+)?)(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?[0-9]+))?$/;

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The quantity in its base unit (bytes, cores); `undefined` when it is not a quantity. */
export function parseQuantity(quantity: string): number | undefined {
  const match = MATCHER.exec(quantity);
  if (match === null) return undefined;
  const [, digits = '', suffix = '', exponent = '0'] = match;
  return Number(digits) * (FACTORS[suffix] ?? 10 ** Number(exponent));
}

/** Bytes as the largest binary unit that divides them: 1073741824 → "1Gi", 1000 → "1000". */
export function formatBytes(bytes: number): string {
  for (const unit of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
    const factor = FACTORS[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}
