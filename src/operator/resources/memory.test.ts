import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { API_VERSION } from '#operator/api/kinds.ts';
import type { MemoryClusterSpec } from '#operator/api/memorycluster.ts';
import { parseManifest } from '#operator/api/parse.ts';
import {
  dataResources,
  LEAST_DATA_MEMORY_BYTES,
  LOG_BUDGET_BYTES,
  logResources,
  planMemory,
  smallestStorageBytes,
} from './memory.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TYPES = { 'db.t4g.small': { cpu: '250m', memory: '1400Mi' } };

function spec(of: object): MemoryClusterSpec {
  const object = {
    apiVersion: API_VERSION,
    kind: 'MemoryCluster',
    metadata: { name: 'a' },
    spec: of,
  };
  const parsed = parseManifest('MemoryCluster', object);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.value.spec;
}

test('without resources a data member gets 100m and 512Mi, a log member 50m and 192Mi', () => {
  expect(dataResources(spec({}), TYPES)).toEqual({
    requests: { cpu: '100m', memory: '512Mi' },
    limits: { memory: '512Mi' },
  });
  expect(logResources(spec({}))).toEqual({
    requests: { cpu: '50m', memory: '192Mi' },
    limits: { memory: '192Mi' },
  });
});

test('resources win over the node type, the memory request is the limit', () => {
  expect(dataResources(spec({ nodeType: 'db.t4g.small' }), TYPES)).toMatchObject({
    limits: { memory: '1400Mi' },
  });
  const given = { requests: { cpu: 2, memory: '1Gi' }, limits: { memory: '4Gi' } };
  expect(dataResources(spec({ nodeType: 'db.t4g.small', resources: given }), TYPES)).toEqual({
    requests: { cpu: '2', memory: '4Gi' },
    limits: { memory: '4Gi' },
  });
});

test('an unknown node type and too little memory are refused with their reason', () => {
  expect(dataResources(spec({ nodeType: 'db.x' }), TYPES)).toEqual({
    refused: 'NodeTypeUnknown',
    message: 'nodeType db.x is not one of: db.t4g.small',
  });
  const tiny = { limits: { memory: '100Mi' } };
  expect(dataResources(spec({ resources: tiny }), TYPES)).toEqual({
    refused: 'MemoryTooSmall',
    message: 'limits.memory 100Mi is less than 320Mi',
  });
  expect(
    logResources(spec({ transactionLog: { resources: { limits: { memory: '64Mi' } } } })),
  ).toEqual({
    refused: 'MemoryTooSmall',
    message: 'limits.memory 64Mi is less than 128Mi',
  });
});

test('512Mi of memory are 192Mi for data, which the default volume holds', () => {
  expect(planMemory(512 * MIB, GIB)).toEqual({
    maxmemoryBytes: 192 * MIB,
    oldSpaceMib: 320,
    storageFits: true,
    wantedStorageBytes: 2 * 192 * MIB + LOG_BUDGET_BYTES,
  });
});

test('a volume that is too small lowers maxmemory until two images and the log fit', () => {
  const plan = planMemory(16 * GIB, 2 * GIB);
  expect(plan.storageFits).toBe(false);
  expect(2 * plan.maxmemoryBytes + LOG_BUDGET_BYTES).toBeLessThanOrEqual(2 * GIB);
});

test('the smaller volume of data and log members counts', () => {
  const size = { storage: { size: '4Gi' }, transactionLog: { storage: { size: '1Gi' } } };
  expect(smallestStorageBytes(spec(size))).toBe(GIB);
  expect(smallestStorageBytes(spec({ storage: { size: '4Gi' } }))).toBe(4 * GIB);
});

test('maxmemory and the rest of the process always stay below the limit', () => {
  const limits = integer({ min: LEAST_DATA_MEMORY_BYTES, max: 512 * GIB });
  const storage = integer({ min: 64 * MIB, max: 4096 * GIB });
  assert(
    property(limits, storage, (limitBytes, storageBytes) => {
      const { maxmemoryBytes } = planMemory(limitBytes, storageBytes);
      expect(maxmemoryBytes).toBeGreaterThanOrEqual(MIB);
      expect(maxmemoryBytes % MIB).toBe(0);
      expect(maxmemoryBytes + 256 * MIB).toBeLessThanOrEqual(limitBytes);
      expect(2 * maxmemoryBytes).toBeLessThanOrEqual(Math.max(storageBytes, 2 * MIB));
    }),
  );
});
