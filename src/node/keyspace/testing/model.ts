/** A naive keyspace of JavaScript objects, to compare the real one with. Bytes are characters below 256. */

export type ModelValue =
  | { readonly type: 'string'; text: string }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  | { readonly type: 'list'; elements: string[] }
  | { readonly type: 'set'; readonly members: Set<string> }
  | { readonly type: 'zset'; readonly scores: Map<string, number> };

export interface ModelKey {
  value: ModelValue;
  expiresAtMs: number;
}

export type Model = Map<string, ModelKey>;

/** One text for equal values, whatever their history. */
export function describe({ value, expiresAtMs }: ModelKey): string {
  return `${value.type} until ${expiresAtMs}: ${content(value)}`;
}

/** Every key with what it holds. */
export function describeAll(model: Model): Map<string, string> {
  return new Map([...model].map(([key, held]) => [key, describe(held)]));
}

function content(value: ModelValue): string {
  switch (value.type) {
    case 'string':
      return value.text;
    case 'hash':
      return JSON.stringify([...value.fields].sort(byFirst));
    case 'list':
      return JSON.stringify(value.elements);
    case 'set':
      return JSON.stringify([...value.members].sort());
    default:
      return JSON.stringify([...value.scores].sort(byFirst));
  }
}

function byFirst(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

export function copyOf(value: ModelValue): ModelValue {
  switch (value.type) {
    case 'string':
      return { ...value };
    case 'hash':
      return { type: 'hash', fields: new Map(value.fields) };
    case 'list':
      return { type: 'list', elements: [...value.elements] };
    case 'set':
      return { type: 'set', members: new Set(value.members) };
    default:
      return { type: 'zset', scores: new Map(value.scores) };
  }
}
