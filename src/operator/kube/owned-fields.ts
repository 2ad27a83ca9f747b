/**
 * Is a server-side apply needed? Compares what we want with the live object: every field that we set has its
 * value there, and every field that we own there (managedFields) is one that we still set. What the API
 * server adds by itself (defaults, status) plays no part, so an unchanged object is never written again.
 * Pure. The format of fieldsV1: kubernetes-sigs/structured-merge-diff, fieldpath/serialize.
 */
import { isRecord } from './object.ts';
import type { KubeObject } from './object.ts';

/** Head fields that are not applied but name the object. */
const IDENTITY: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

/** Why an apply of `desired` over `live` would change something: a path; null when it would not. */
export function applyNeeded(
  desired: KubeObject,
  live: KubeObject,
  fieldManager: string,
): string | null {
  const owned = live.metadata.managedFields?.find(
    (entry) =>
      entry.manager === fieldManager &&
      entry.operation === 'Apply' &&
      entry.subresource === undefined,
  )?.fieldsV1;
  if (!isRecord(owned)) return 'managedFields';
  for (const [name, value] of Object.entries(desired)) {
    if (IDENTITY.has(name) || value === undefined) continue;
    const found =
      name === 'metadata'
        ? metadataDiffers(desired, live, owned['f:metadata'])
        : differs(value, live[name], owned[`f:${name}`], name);
    if (found !== null) return found;
  }
  return dropped(owned, desired, '');
}

function metadataDiffers(desired: KubeObject, live: KubeObject, owned: unknown): string | null {
  const { labels, annotations, ownerReferences, finalizers } = desired.metadata;
  const wanted = { labels, annotations, ownerReferences, finalizers };
  const present = live.metadata as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(wanted)) {
    if (value === undefined) continue;
    const fields = isRecord(owned) ? owned[`f:${name}`] : undefined;
    const found = differs(value, present[name], fields, `metadata.${name}`);
    if (found !== null) return found;
  }
  return null;
}

/** The first path at which `live` lacks what `desired` says, or null. */
function differs(desired: unknown, live: unknown, owned: unknown, path: string): string | null {
  if (desired === undefined) return null;
  if (Array.isArray(desired)) {
    if (!Array.isArray(live)) return desired.length === 0 && live === undefined ? null : path;
    return listDiffers(desired, live, owned, path);
  }
  if (isRecord(desired)) {
    if (!isRecord(live))
      return Object.keys(desired).length === 0 && live === undefined ? null : path;
    for (const [name, value] of Object.entries(desired)) {
      const fields = isRecord(owned) ? owned[`f:${name}`] : undefined;
      const found = differs(value, live[name], fields, `${path}.${name}`);
      if (found !== null) return found;
    }
    return null;
  }
  return sameLeaf(desired, live) ? null : path;
}

function listDiffers(
  desired: readonly unknown[],
  live: readonly unknown[],
  owned: unknown,
  path: string,
): string | null {
  const keys = isRecord(owned) ? Object.keys(owned) : [];
  if (keys.some((key) => key.startsWith('v:'))) {
    return desired.every((item) => live.some((other) => sameLeaf(item, other))) ? null : path;
  }
  if (!keys.some((key) => key.startsWith('k:'))) {
    // An atomic list: as a whole, in its order.
    if (desired.length !== live.length) return path;
    for (const [i, item] of desired.entries()) {
      const found = differs(item, live[i], undefined, `${path}[${i}]`);
      if (found !== null) return found;
    }
    return null;
  }
  for (const [i, item] of desired.entries()) {
    const key = keys.find((key) => key.startsWith('k:') && hasKey(item, key));
    if (key === undefined) return `${path}[${i}]`;
    const other = live.find((candidate) => hasKey(candidate, key));
    const fields = isRecord(owned) ? owned[key] : undefined;
    const found = differs(item, other, fields, `${path}[${i}]`);
    if (found !== null) return found;
  }
  return null;
}

/** The first path that we own in the live object and do not want any more, or null. */
function dropped(owned: Record<string, unknown>, desired: unknown, path: string): string | null {
  for (const [key, fields] of Object.entries(owned)) {
    if (key === '.') continue;
    const value = key.slice(2);
    const where = `${path}.${value}`;
    let present: unknown;
    if (key.startsWith('f:')) present = isRecord(desired) ? desired[value] : undefined;
    else if (!Array.isArray(desired)) return where;
    else if (key.startsWith('k:')) present = desired.find((item) => hasKey(item, key));
    else if (key.startsWith('v:')) {
      const wanted: unknown = JSON.parse(value);
      present = desired.find((item) => sameLeaf(item, wanted));
    } else continue;
    if (present === undefined || (present === null && fields !== null)) return where;
    if (isRecord(fields) && Object.keys(fields).length > 0) {
      const found = dropped(fields, present, where);
      if (found !== null) return found;
    }
  }
  return null;
}

/** True when the list item is the one that `key` (`k:{"name":"x"}`) names; absent fields are defaults. */
function hasKey(item: unknown, key: string): boolean {
  if (!isRecord(item)) return false;
  const wanted: unknown = JSON.parse(key.slice(2));
  if (!isRecord(wanted)) return false;
  return Object.entries(wanted).every(
    ([name, value]) => item[name] === undefined || item[name] === value,
  );
}

function sameLeaf(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  // The server writes quantities in one canonical way: 1024Mi comes back as 1Gi.
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const left = quantity(a);
  return left !== null && left === quantity(b);
}

const SUFFIXES: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
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

function quantity(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([a-zA-Z]{0,2})$/.exec(text);
  const factor = SUFFIXES[match?.[2] ?? '?'];
  return match === null || factor === undefined ? null : Number(match[1]) * factor;
}
