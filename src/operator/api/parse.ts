/**
 * Objects of our kinds as the API server would admit them, without an API server: defaults filled in,
 * schema and rules checked. Local mode refuses what the API server would refuse; the reconcile checks
 * again what the API server let through, since an older CRD may be installed.
 *
 * Invariant: a value that comes out has every default, also the empty ones that the CRD leaves out.
 */
import { unreachable } from '#base/invariant.ts';
import { API_VERSION, KINDS } from './kinds.ts';
import type { Kind, ResourceOf } from './kinds.ts';
import type { ObjectMeta } from './object.ts';
import { QUANTITY_PATTERN } from './quantity.ts';
import type { Rule } from './rules.ts';
import type {
  ListSchema,
  MapSchema,
  Node,
  NumberSchema,
  ObjectSchema,
  StringSchema,
} from './schema.ts';

/** One thing wrong with an object. */
export interface FieldError {
  /** The path, such as `spec.numShards`. */
  readonly field: string;
  /** What stood there; undefined when nothing did. */
  readonly value: unknown;
  /** A word of the schema (`minimum`, `required`, …) or a rule (`S1 NodeCount`). */
  readonly rule: string;
  readonly message: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

export interface ParseOptions<T> {
  /** `ignore` for objects from an API server, whose CRD may be newer. Default: `refuse`. */
  readonly unknownFields?: 'refuse' | 'ignore';
  /** The state before, for the rules on changes. */
  readonly previous?: T;
}

/** Judges `object` as a manifest of `kind`. `metadata` beyond the name is passed through unjudged. */
export function parseManifest<K extends Kind>(
  kind: K,
  object: unknown,
  options: ParseOptions<ResourceOf[K]> = {},
): Parsed<ResourceOf[K]> {
  const errors: FieldError[] = [];
  const report = (error: FieldError): void => {
    errors.push(error);
  };
  if (!isRecord(object)) return refuse('', object, 'type', 'must be an object');
  if (object.apiVersion !== API_VERSION) {
    return refuse('apiVersion', object.apiVersion, 'apiVersion', `must be ${API_VERSION}`);
  }
  if (object.kind !== kind) return refuse('kind', object.kind, 'kind', `must be ${kind}`);
  const metadata = object.metadata;
  if (!isRecord(metadata) || typeof metadata.name !== 'string') {
    return refuse('metadata.name', undefined, 'required', 'must be given');
  }
  const definition = KINDS[kind];
  const scope = { report, unknownFields: options.unknownFields ?? 'refuse' };
  if (scope.unknownFields === 'refuse') {
    for (const key of Object.keys(object)) {
      if (['apiVersion', 'kind', 'metadata', 'spec', 'status'].includes(key)) continue;
      report({ field: key, value: object[key], rule: 'unknown', message: 'is not a known field' });
    }
  }
  checkRules(definition.rootRules, { metadata: { name: metadata.name } }, undefined, '', report);
  if (object.spec === undefined || object.spec === null) {
    report({ field: 'spec', value: undefined, rule: 'required', message: 'must be given' });
  }
  const before = errors.length;
  const spec = parseValue(definition.spec, object.spec ?? {}, 'spec', scope);
  if (errors.length === before) {
    // The spec has passed the schema that the rules' type was made from.
    const old = options.previous?.spec as never;
    checkRules(definition.specRules, spec as never, old, 'spec.', report);
  }
  if (errors.length > 0) return { ok: false, errors };
  const status = parseStatus(definition.status, object.status);
  const value = {
    apiVersion: API_VERSION,
    kind,
    metadata: metadata as unknown as ObjectMeta,
    spec,
    ...(status === undefined ? {} : { status }),
  };
  return { ok: true, value: value as unknown as ResourceOf[K] };
}

/** All errors in one line, for a condition or a terminal. */
export function describeErrors(errors: readonly FieldError[]): string {
  return errors.map((error) => `${error.field}: ${error.message} (${error.rule})`).join('; ');
}

function refuse(field: string, value: unknown, rule: string, message: string): Parsed<never> {
  return { ok: false, errors: [{ field, value, rule, message }] };
}

/** A status that does not parse counts as none: the operator writes it anew. */
function parseStatus(node: Node, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  let broken = false;
  const parsed = parseValue(node, value, 'status', {
    report: () => {
      broken = true;
    },
    unknownFields: 'ignore',
  });
  return broken ? undefined : parsed;
}

function checkRules<Self>(
  rules: readonly Rule<Self>[],
  self: Self,
  old: Self | undefined,
  prefix: string,
  report: (error: FieldError) => void,
): void {
  for (const { id, name, field, message, check, checkTransition } of rules) {
    const passes = check(self) && (old === undefined || (checkTransition?.(self, old) ?? true));
    if (passes) continue;
    const path = prefix + field;
    report({ field: path, value: valueAt(self, field), rule: `${id} ${name}`, message });
  }
}

interface Scope {
  readonly report: (error: FieldError) => void;
  readonly unknownFields: 'refuse' | 'ignore';
}

/** `value` (not undefined, not null) as `node` wants it; after a report the result means nothing. */
function parseValue(node: Node, value: unknown, field: string, scope: Scope): unknown {
  const { schema } = node;
  const fail = (rule: string, message: string): undefined => {
    scope.report({ field, value, rule, message });
    return undefined;
  };
  switch (schema.type) {
    case 'string':
      return typeof value === 'string'
        ? parseString(schema, value, fail)
        : fail('type', 'must be a string');
    case 'integer':
    case 'number':
      return typeof value === 'number'
        ? parseNumber(schema, value, fail)
        : fail('type', 'must be a number');
    case 'boolean':
      return typeof value === 'boolean' ? value : fail('type', 'must be true or false');
    case 'quantity': {
      const text = Number.isInteger(value) ? String(value) : value;
      if (typeof text === 'string' && new RegExp(QUANTITY_PATTERN).test(text)) return text;
      return fail('quantity', 'must be a quantity, such as 500m or 2Gi');
    }
    case 'list':
      if (!Array.isArray(value)) return fail('type', 'must be a list');
      return parseList(schema, value, field, scope);
    case 'map':
      if (!isRecord(value)) return fail('type', 'must be a map');
      return parseMap(schema, value, field, scope);
    case 'object':
      if (!isRecord(value)) return fail('type', 'must be an object');
      return parseObject(schema, value, field, scope);
    default:
      return unreachable(schema);
  }
}

type Fail = (rule: string, message: string) => undefined;

function parseString(schema: StringSchema, value: string, fail: Fail): string | undefined {
  if (schema.values !== undefined) {
    return schema.values.includes(value)
      ? value
      : fail('enum', `must be one of ${schema.values.join(', ')}`);
  }
  const length = Array.from(value).length;
  if (length > schema.maxLength) {
    return fail('maxLength', `must have at most ${schema.maxLength} characters`);
  }
  if (length < (schema.minLength ?? 0)) return fail('minLength', 'must not be empty');
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return fail('pattern', `must match ${schema.pattern}`);
  }
  return value;
}

function parseNumber(schema: NumberSchema, value: number, fail: Fail): number | undefined {
  if (!Number.isFinite(value)) return fail('type', 'must be a number');
  if (schema.type === 'integer' && !Number.isInteger(value)) {
    return fail('type', 'must be a whole number');
  }
  if (schema.minimum !== undefined && value < schema.minimum) {
    return fail('minimum', `must be at least ${schema.minimum}`);
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    return fail('maximum', `must be at most ${schema.maximum}`);
  }
  return value;
}

function parseList(schema: ListSchema, value: unknown[], field: string, scope: Scope): unknown[] {
  if (value.length > schema.maxItems) {
    const message = `must have at most ${schema.maxItems} items`;
    scope.report({ field, value: value.length, rule: 'maxItems', message });
    return [];
  }
  const seen = new Set<unknown>();
  return value.map((item: unknown, at) => {
    const path = `${field}[${at}]`;
    const parsed = parseValue(schema.item, item, path, scope);
    if (schema.listType !== 'atomic') {
      const key = schema.listType === 'set' ? parsed : valueAt(parsed, schema.mapKey ?? '');
      if (seen.has(key)) {
        scope.report({ field: path, value: key, rule: 'duplicate', message: 'stands there twice' });
      }
      seen.add(key);
    }
    return parsed;
  });
}

function parseMap(
  schema: MapSchema,
  value: Readonly<Record<string, unknown>>,
  field: string,
  scope: Scope,
): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  if (entries.length > schema.maxProperties) {
    const message = `must have at most ${schema.maxProperties} entries`;
    scope.report({ field, value: entries.length, rule: 'maxProperties', message });
    return {};
  }
  return Object.fromEntries(
    entries.map(([key, item]) => [key, parseValue(schema.value, item, `${field}.${key}`, scope)]),
  );
}

function parseObject(
  schema: ObjectSchema,
  value: Readonly<Record<string, unknown>>,
  field: string,
  scope: Scope,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, node] of Object.entries(schema.fields)) {
    const path = `${field}.${name}`;
    const given = Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined;
    if (given !== undefined) result[name] = parseValue(node, given, path, scope);
    else if (node.presence === 'defaulted') {
      result[name] = parseValue(node, node.fallback, path, scope);
    } else if (node.presence === 'required') {
      scope.report({ field: path, value: undefined, rule: 'required', message: 'must be given' });
    }
  }
  if (scope.unknownFields === 'refuse') {
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(schema.fields, name)) continue;
      const message = 'is not a known field';
      scope.report({ field: `${field}.${name}`, value: value[name], rule: 'unknown', message });
    }
  }
  return result;
}

function valueAt(value: unknown, path: string): unknown {
  let at: unknown = value;
  for (const name of path.split('.')) {
    if (!isRecord(at)) return undefined;
    at = at[name];
  }
  return at;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
