/** The CustomResourceDefinitions, made from the declarations of the kinds. */
import { unreachable } from '#base/invariant.ts';
import { CATEGORY, GROUP, VERSION } from './kinds.ts';
import type { Column, KindDefinition } from './kinds.ts';
import type { Json } from './object.ts';
import { QUANTITY_PATTERN } from './quantity.ts';
import type { Rule } from './rules.ts';
import type { ListSchema, Node, NumberSchema, StringSchema } from './schema.ts';

type JsonObject = Readonly<Record<string, Json>>;

/** The CRD of one kind, as the API server wants it. */
export function customResourceDefinition(definition: KindDefinition): JsonObject {
  const { kind, plural, singular, shortName, columns, scale } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [shortName],
        categories: [CATEGORY],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: columns.map(printerColumn),
          subresources: { status: {}, ...(scale === undefined ? {} : { scale: { ...scale } }) },
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

function printerColumn({ name, type, jsonPath, wide }: Column): JsonObject {
  return { name, type, jsonPath, ...(wide === true ? { priority: 1 } : {}) };
}

function rootSchema({
  description,
  spec,
  status,
  rootRules,
  specRules,
}: KindDefinition): JsonObject {
  return {
    type: 'object',
    description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: { ...openApi(spec), ...validations(specRules) },
      status: openApi(status),
    },
    ...validations(rootRules),
  };
}

function validations(rules: readonly Rule<never>[]): JsonObject {
  if (rules.length === 0) return {};
  const list = rules.map(({ cel, message, field }) => ({
    rule: cel,
    message,
    // The schema of metadata is not ours, so a rule on it cannot name its field.
    ...(field.startsWith('metadata') ? {} : { fieldPath: `.${field}` }),
  }));
  return { 'x-kubernetes-validations': list };
}

/** The OpenAPI schema of one declared value, with its default. */
export function openApi(node: Node): JsonObject {
  const fallback = defaultOf(node);
  return {
    description: node.description,
    ...typeOf(node),
    ...(fallback === undefined ? {} : { default: fallback }),
  };
}

function typeOf(node: Node): JsonObject {
  const { schema } = node;
  switch (schema.type) {
    case 'string':
      return stringType(schema);
    case 'integer':
    case 'number':
      return numberType(schema);
    case 'boolean':
      return { type: 'boolean' };
    case 'quantity':
      return {
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        pattern: QUANTITY_PATTERN,
        maxLength: 32,
        'x-kubernetes-int-or-string': true,
      };
    case 'list':
      return listType(schema);
    case 'map': {
      const { value, maxProperties } = schema;
      return { type: 'object', maxProperties, additionalProperties: openApi(value) };
    }
    case 'object': {
      const fields = Object.entries(schema.fields);
      const required = fields.filter(([, field]) => field.presence === 'required');
      return {
        type: 'object',
        ...(required.length === 0 ? {} : { required: required.map(([name]) => name) }),
        properties: Object.fromEntries(fields.map(([name, field]) => [name, openApi(field)])),
      };
    }
    default:
      return unreachable(schema);
  }
}

function stringType({ minLength, maxLength, pattern, values, format }: StringSchema): JsonObject {
  if (values !== undefined) return { type: 'string', enum: values };
  return {
    type: 'string',
    ...(minLength === undefined ? {} : { minLength }),
    maxLength,
    ...(pattern === undefined ? {} : { pattern }),
    ...(format === undefined ? {} : { format }),
  };
}

function numberType({ type, minimum, maximum }: NumberSchema): JsonObject {
  return {
    type,
    ...(type === 'integer' ? { format: 'int64' } : {}),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  };
}

function listType({ item, maxItems, listType, mapKey }: ListSchema): JsonObject {
  return {
    type: 'array',
    maxItems,
    'x-kubernetes-list-type': listType,
    ...(mapKey === undefined ? {} : { 'x-kubernetes-list-map-keys': [mapKey] }),
    items: openApi(item),
  };
}

/** The default for the API server: none where empty means unset, unless a field inside has one. */
function defaultOf(node: Node): Json | undefined {
  if (node.presence !== 'defaulted') return undefined;
  if (node.schema.type === 'object') {
    const hasDefaults = Object.values(node.schema.fields).some((f) => defaultOf(f) !== undefined);
    return hasDefaults ? {} : undefined;
  }
  const { fallback } = node;
  return typeof fallback === 'number' || typeof fallback === 'boolean'
    ? fallback
    : typeof fallback === 'string' && fallback !== ''
      ? fallback
      : undefined;
}
