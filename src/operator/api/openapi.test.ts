import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generatedFiles } from './generate.ts';
import { KINDS } from './kinds.ts';
import { customResourceDefinition } from './openapi.ts';

const root = join(import.meta.dirname, '../../..');
const crds = Object.values(KINDS).map(customResourceDefinition);

test.each([...generatedFiles()])('%s is what the declarations say', (path, content) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(content);
});

test('each CRD is below 200 kB', () => {
  for (const crd of crds) expect(JSON.stringify(crd).length).toBeLessThan(200_000);
});

test('everything has a description and a maximum, and nothing is left unstructured', () => {
  const missing: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const node = schema as Readonly<Record<string, unknown>>;
    const bounded = 'enum' in node || 'maxLength' in node || 'format' in node;
    if (node['type'] === 'string' && !bounded) missing.push(`${path}: maxLength`);
    if (node['type'] === 'array' && !('maxItems' in node)) missing.push(`${path}: maxItems`);
    if ('additionalProperties' in node && !('maxProperties' in node)) {
      missing.push(`${path}: maxProperties`);
    }
    if (!('description' in node)) missing.push(`${path}: description`);
    const properties = (node['properties'] ?? {}) as Readonly<Record<string, unknown>>;
    for (const [name, property] of Object.entries(properties)) visit(property, `${path}.${name}`);
    if ('items' in node) visit(node['items'], `${path}[]`);
    if ('additionalProperties' in node) visit(node['additionalProperties'], `${path}{}`);
  };
  for (const { kind, spec, status } of Object.values(KINDS)) {
    const schema = customResourceDefinition({ ...KINDS[kind], spec, status });
    const text = JSON.stringify(schema);
    expect(text).not.toContain('x-kubernetes-preserve-unknown-fields');
    const parsed = JSON.parse(text).spec.versions[0].schema.openAPIV3Schema.properties;
    visit(parsed.spec, `${kind}.spec`);
    visit(parsed.status, `${kind}.status`);
  }
  expect(missing).toEqual([]);
});

test('short names are those of the reference and differ', () => {
  expect(Object.values(KINDS).map((kind) => kind.shortName)).toEqual(['hfc', 'hfu', 'hfa', 'hfs']);
});
