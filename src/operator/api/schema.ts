/**
 * A small language in which each field of the kinds is declared once. From a declaration follow its
 * TypeScript type ({@link ValueOf}), the OpenAPI schema of the CRD (openapi.ts) and the parser for
 * use without an API server (parse.ts), so the three cannot drift apart.
 *
 * Invariants: every string, list and map has a maximum (the API server bounds the cost of CEL rules by
 * them); every field has a description; a default that is empty ('', {}, []) stays out of the CRD,
 * because there absent, null and empty mean the same: unset.
 */

/** Must it be given, may it be absent from the parsed value, or is it filled in? */
export type Presence = 'required' | 'optional' | 'defaulted';

export type Schema =
  | StringSchema
  | NumberSchema
  | { readonly type: 'boolean' }
  | { readonly type: 'quantity' }
  | ListSchema
  | MapSchema
  | ObjectSchema;

export interface StringSchema {
  readonly type: 'string';
  readonly minLength?: number;
  readonly maxLength: number;
  /** Means the same as an RE2 (Go) and as a JavaScript regular expression. */
  readonly pattern?: string;
  readonly values?: readonly string[];
  readonly format?: 'date-time';
}

export interface NumberSchema {
  readonly type: 'integer' | 'number';
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface ListSchema {
  readonly type: 'list';
  readonly item: Node;
  readonly maxItems: number;
  readonly listType: 'atomic' | 'set' | 'map';
  /** Only with `map`: the field of an item that names it. */
  readonly mapKey?: string;
}

export interface MapSchema {
  readonly type: 'map';
  readonly value: Node;
  readonly maxProperties: number;
}

export interface ObjectSchema {
  readonly type: 'object';
  readonly fields: Fields;
}

/** One declared value. `T` is carried for the compiler only. */
export interface Node<T = unknown, P extends Presence = Presence> {
  readonly schema: Schema;
  readonly description: string;
  readonly presence: P;
  /** Set exactly when `presence` is 'defaulted'. */
  readonly fallback?: unknown;
  /** Never set; holds the type. */
  readonly phantom?: T;
}

export type Fields = Readonly<Record<string, Node>>;

/** The TypeScript type of a declared value, after defaults. */
export type ValueOf<N> = N extends Node<infer T> ? T : never;

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K]['presence'] extends 'optional' ? K : never;
}[keyof F];

type ObjectValue<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: ValueOf<F[K]> };

/** A string of at most `maxLength` characters. */
export function text(
  description: string,
  limits: Omit<StringSchema, 'type' | 'values'>,
): Node<string, 'optional'> {
  return { schema: { type: 'string', ...limits }, description, presence: 'optional' };
}

/** One of a closed set of strings. */
export function choice<const V extends string>(
  description: string,
  values: readonly V[],
): Node<V, 'optional'> {
  const maxLength = Math.max(...values.map((value) => value.length));
  return { schema: { type: 'string', maxLength, values }, description, presence: 'optional' };
}

/** A whole number within [minimum, maximum]. */
export function integer(
  description: string,
  limits: Omit<NumberSchema, 'type'>,
): Node<number, 'optional'> {
  return { schema: { type: 'integer', ...limits }, description, presence: 'optional' };
}

/** A number within [minimum, maximum]. */
export function decimal(
  description: string,
  limits: Omit<NumberSchema, 'type'>,
): Node<number, 'optional'> {
  return { schema: { type: 'number', ...limits }, description, presence: 'optional' };
}

export function flag(description: string): Node<boolean, 'optional'> {
  return { schema: { type: 'boolean' }, description, presence: 'optional' };
}

/** A Kubernetes quantity, given as a string or an integer, parsed to a string. See quantity.ts. */
export function quantity(description: string): Node<string, 'optional'> {
  return { schema: { type: 'quantity' }, description, presence: 'optional' };
}

/** A list that is replaced whole. */
export function list<T>(
  description: string,
  item: Node<T>,
  maxItems: number,
): Node<readonly T[], 'optional'> {
  const schema: ListSchema = { type: 'list', item, maxItems, listType: 'atomic' };
  return { schema, description, presence: 'optional' };
}

/** A list without repetitions, in any order. */
export function set<T extends string>(
  description: string,
  item: Node<T>,
  maxItems: number,
): Node<readonly T[], 'optional'> {
  const schema: ListSchema = { type: 'list', item, maxItems, listType: 'set' };
  return { schema, description, presence: 'optional' };
}

/** A list of objects, each named by its required field `mapKey`. */
export function listByKey<T>(
  description: string,
  item: Node<T>,
  options: { readonly mapKey: string & keyof T; readonly maxItems: number },
): Node<readonly T[], 'optional'> {
  const schema: ListSchema = { type: 'list', item, listType: 'map', ...options };
  return { schema, description, presence: 'optional' };
}

/** A map from strings to values. */
export function map<T>(
  description: string,
  value: Node<T>,
  maxProperties: number,
): Node<Readonly<Record<string, T>>, 'optional'> {
  return { schema: { type: 'map', value, maxProperties }, description, presence: 'optional' };
}

/** An object with exactly these fields. */
export function object<const F extends Fields>(
  description: string,
  fields: F,
): Node<ObjectValue<F>, 'optional'> {
  return { schema: { type: 'object', fields }, description, presence: 'optional' };
}

/** The field must be given. */
export function required<T>(node: Node<T>): Node<T, 'required'> {
  return { ...node, presence: 'required' };
}

/** The field has `fallback` when it is not given. */
export function defaulted<T extends string | number | boolean>(
  node: Node<T>,
  fallback: NoInfer<T>,
): Node<T, 'defaulted'> {
  return { ...node, presence: 'defaulted', fallback };
}

/** An absent list, map or object means the empty one; the defaults of its fields apply. */
export function present<T extends object>(node: Node<T>): Node<T, 'defaulted'> {
  return { ...node, presence: 'defaulted', fallback: node.schema.type === 'list' ? [] : {} };
}
