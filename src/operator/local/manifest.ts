/**
 * Manifest files for local mode: the same YAML that `kubectl apply` takes, judged by the same schema and
 * rules as the API server and the operator use. Kinds that local mode has no use for are an error, not
 * silently skipped: whoever wrote them expects something of them.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, parseAllDocuments } from 'yaml';
import {
  type Acl,
  API_VERSION,
  isKind,
  type MemoryCluster,
  type User,
} from '#operator/api/kinds.ts';
import { parseManifest } from '#operator/api/parse.ts';

export interface Secret {
  readonly name: string;
  /** Decoded. */
  readonly data: ReadonlyMap<string, Uint8Array>;
}

/** Everything that was read, by name. One namespace: local mode has no other. */
export interface Manifests {
  readonly clusters: ReadonlyMap<string, MemoryCluster>;
  readonly users: ReadonlyMap<string, User>;
  readonly acls: ReadonlyMap<string, Acl>;
  readonly secrets: ReadonlyMap<string, Secret>;
}

/** All that is wrong with the manifests, one line each. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly code = 'MANIFEST_INVALID';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

interface Source {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Reads and judges the files. Throws {@link ManifestError} with everything wrong in any of them. */
export function loadManifests(files: readonly string[]): Manifests {
  const collector = new Collector();
  for (const file of files) {
    let content: string;
    try {
      content = readFileSync(file, 'utf8');
    } catch (error) {
      collector.problem(`${file}: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    readDocuments(file, content, collector);
  }
  return collector.finish();
}

/** As {@link loadManifests}, of one text; `file` is what errors call it. */
export function parseManifests(file: string, content: string): Manifests {
  const collector = new Collector();
  readDocuments(file, content, collector);
  return collector.finish();
}

function readDocuments(file: string, content: string, collector: Collector): void {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(content, { lineCounter });
  if ('empty' in documents) return;
  for (const document of documents) {
    const line = lineCounter.linePos(document.contents?.range?.[0] ?? document.range[0]).line;
    if (document.errors.length > 0) {
      const [error] = document.errors;
      const at = error.linePos?.[0].line ?? line;
      collector.problem(`${file}:${at}: not YAML: ${error.message.split('\n')[0]}`);
      continue;
    }
    const value: unknown = document.toJS();
    if (value !== null) collector.add(value, { file, line });
  }
}

class Collector {
  readonly #problems: string[] = [];
  readonly #seen = new Map<string, Source>();
  readonly #clusters = new Map<string, MemoryCluster>();
  readonly #users = new Map<string, User>();
  readonly #acls = new Map<string, Acl>();
  readonly #secrets = new Map<string, Secret>();

  problem(text: string): void {
    this.#problems.push(text);
  }

  add(value: unknown, source: Source): void {
    const where = `${source.file}:${source.line}`;
    if (!isRecord(value) || typeof value['kind'] !== 'string') {
      this.problem(`${where}: not a Kubernetes object: it has no kind`);
      return;
    }
    const { kind, apiVersion, metadata } = value;
    const name = isRecord(metadata) ? metadata['name'] : undefined;
    if (typeof name !== 'string') {
      this.problem(`${where}: ${kind}: metadata.name must be given`);
      return;
    }
    const what = `${where}: ${kind}/${name}`;
    if (kind === 'List' && Array.isArray(value['items'])) {
      for (const item of value['items']) this.add(item, source);
      return;
    }
    const earlier = this.#seen.get(`${kind}/${name}`);
    if (earlier !== undefined) {
      this.problem(`${what} is defined already in ${earlier.file}:${earlier.line}`);
      return;
    }
    this.#seen.set(`${kind}/${name}`, source);
    if (kind === 'Secret' && apiVersion === 'v1') this.#addSecret(name, value, what);
    else if (apiVersion === API_VERSION && isKind(kind)) this.#addOurs(kind, value, what);
    else this.problem(`${what}: local mode does not know ${kind} of ${String(apiVersion)}`);
  }

  #addOurs(
    kind: 'MemoryCluster' | 'User' | 'ACL' | 'Snapshot',
    value: unknown,
    what: string,
  ): void {
    if (kind === 'Snapshot') {
      this.problem(`${what}: snapshots cannot be made in local mode yet`);
      return;
    }
    const parsed = parseManifest(kind, value);
    if (!parsed.ok) {
      for (const { field, value: found, rule, message } of parsed.errors) {
        const shown = found === undefined ? '' : ` (is ${show(found)})`;
        this.problem(`${what}: ${field} ${message}${shown} [${rule}]`);
      }
      return;
    }
    const object = parsed.value;
    const { name } = object.metadata;
    if (object.kind === 'MemoryCluster') this.#clusters.set(name, object);
    else if (object.kind === 'User') this.#users.set(name, object);
    else this.#acls.set(name, object);
  }

  #addSecret(name: string, value: Record<string, unknown>, what: string): void {
    const data = new Map<string, Uint8Array>();
    for (const [field, encoding] of [
      ['data', 'base64'],
      ['stringData', 'utf8'],
    ] as const) {
      const entries = value[field] ?? {};
      if (!isRecord(entries)) {
        this.problem(`${what}: ${field} must be a map [type]`);
        continue;
      }
      for (const [key, text] of Object.entries(entries)) {
        if (typeof text !== 'string') {
          this.problem(`${what}: ${field}.${key} must be a string (is ${show(text)}) [type]`);
        } else if (encoding === 'base64' && !isBase64(text)) {
          // the value may be a password: it is not repeated
          this.problem(`${what}: ${field}.${key} must be base64 [format]`);
        } else {
          data.set(key, Buffer.from(text, encoding));
        }
      }
    }
    this.#secrets.set(name, { name, data });
  }

  finish(): Manifests {
    if (this.#problems.length > 0) throw new ManifestError(this.#problems);
    return {
      clusters: this.#clusters,
      users: this.#users,
      acls: this.#acls,
      secrets: this.#secrets,
    };
  }
}

function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
    text.replaceAll(/\s/g, ''),
  );
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
