/**
 * An API server for tests of this room: objects in memory, resourceVersions, list, watch with bookmarks,
 * create, merge patch, a simple apply, delete; and faults on request. Plain HTTP on 127.0.0.1. Not a
 * model of Kubernetes: what depends on its real behaviour is tested end to end.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { mergeDifference } from '#operator/kube/apply.ts';
import { fieldAt, isRecord } from '#operator/kube/object.ts';
import type { KubeObject } from '#operator/kube/object.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: unknown;
}

/** What a fault does with a request that it was asked about; null: answer as usual. */
export type Fault = (request: SeenRequest, response: ServerResponse) => 'handled' | null;

interface Watcher {
  readonly collection: string;
  readonly response: ServerResponse;
}

/** Collections are keyed by path, e.g. `/api/v1/namespaces/app/configmaps`. */
export class FakeApiServer {
  readonly requests: SeenRequest[] = [];
  fault: Fault = () => null;
  readonly #objects = new Map<string, KubeObject>();
  readonly #history: { collection: string; version: number; line: string }[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #server: Server;
  #version = 100;
  /** Watches from before this version are answered 410. */
  #compactedTo = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    for (const { response } of this.#watchers) response.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Credentials for this server. */
  config(): KubeConfig {
    const { port } = this.#server.address() as AddressInfo;
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'fake' },
    );
    return config;
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watchers.size;
  }

  object(path: string): KubeObject | undefined {
    return this.#objects.get(path);
  }

  /** Stores an object as someone else would, and tells the watches. */
  put(collection: string, object: KubeObject, told = true): KubeObject {
    const path = `${collection}/${object.metadata.name}`;
    const before = this.#objects.get(path);
    const version = ++this.#version;
    const stored: KubeObject = {
      ...object,
      metadata: {
        uid: before?.metadata.uid ?? `uid-${version}`,
        ...object.metadata,
        resourceVersion: String(version),
      },
    };
    this.#objects.set(path, stored);
    if (told) this.#tell(collection, before === undefined ? 'ADDED' : 'MODIFIED', stored);
    return stored;
  }

  remove(collection: string, name: string, told = true): void {
    const path = `${collection}/${name}`;
    const object = this.#objects.get(path);
    if (object === undefined) return;
    this.#objects.delete(path);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    if (told) this.#tell(collection, 'DELETED', { ...object, metadata });
  }

  bookmark(collection: string): void {
    this.#tell(collection, 'BOOKMARK', {
      apiVersion: 'v1',
      kind: 'Bookmark',
      metadata: { name: '', resourceVersion: String(++this.#version) },
    });
  }

  /** Forgets the events so far: whoever watches from before is told 410. */
  compact(): void {
    this.#compactedTo = this.#version;
    this.#history.length = 0;
  }

  /** Ends all watches: cleanly or as a reset connection. */
  dropWatches(how: 'end' | 'reset'): void {
    for (const { response } of this.#watchers) {
      if (how === 'end') response.end();
      else response.destroy();
    }
    this.#watchers.clear();
  }

  /** Sends one raw line on all watches of a collection. */
  raw(collection: string, line: string): void {
    for (const watcher of this.#watchers) {
      if (watcher.collection === collection) watcher.response.write(`${line}\n`);
    }
  }

  #tell(collection: string, type: string, object: KubeObject): void {
    const line = JSON.stringify({ type, object });
    this.#history.push({ collection, version: Number(object.metadata.resourceVersion), line });
    this.raw(collection, line);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    let received = '';
    for await (const chunk of request) received += String(chunk);
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      contentType: request.headers['content-type'] ?? '',
      body: received === '' ? undefined : JSON.parse(received),
    };
    this.requests.push(seen);
    if (this.fault(seen, response) === 'handled') return;
    if (seen.query.get('watch') === 'true') this.#watch(seen, response);
    else this.#answer(seen, response);
  }

  #watch(seen: SeenRequest, response: ServerResponse): void {
    const from = Number(seen.query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < this.#compactedTo) {
      const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      return;
    }
    const watcher = { collection: seen.path, response };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
    for (const past of this.#history) {
      if (past.collection === seen.path && past.version > from) response.write(`${past.line}\n`);
    }
  }

  #answer(seen: SeenRequest, response: ServerResponse): void {
    const path = seen.path.replace(/\/status$/, '');
    const collection = path.slice(0, path.lastIndexOf('/'));
    const object = this.#objects.get(path);
    switch (seen.method) {
      case 'GET': {
        if (object !== undefined) return reply(response, 200, object);
        const items = [...this.#objects]
          .filter(([key]) => key.slice(0, key.lastIndexOf('/')) === path)
          .map(([, item]) => item);
        // A collection's last part is plural; a missing object is told by the names used in tests.
        if (!path.endsWith('s')) return fail(response, 404, 'NotFound');
        return reply(response, 200, {
          kind: 'List',
          metadata: { resourceVersion: String(this.#version) },
          items,
        });
      }
      case 'POST': {
        const body = seen.body as KubeObject;
        if (this.#objects.has(`${path}/${body.metadata.name}`)) {
          return fail(response, 409, 'AlreadyExists');
        }
        return reply(response, 201, this.put(path, body));
      }
      case 'PUT': {
        const body = seen.body as KubeObject;
        if (body.metadata.resourceVersion !== object?.metadata.resourceVersion) {
          return fail(response, 409, 'Conflict');
        }
        return reply(response, 200, this.put(collection, body));
      }
      case 'PATCH': {
        const applying = seen.contentType.startsWith('application/apply-patch');
        if (object === undefined && !applying) return fail(response, 404, 'NotFound');
        const version = fieldAt(seen.body, 'metadata', 'resourceVersion');
        if (version !== undefined && version !== object?.metadata.resourceVersion) {
          return fail(response, 409, 'Conflict');
        }
        const merged = mergePatch(object ?? {}, seen.body) as KubeObject;
        const stored = applying ? withManagedFields(merged, seen) : merged;
        return reply(response, object === undefined ? 201 : 200, this.put(collection, stored));
      }
      case 'DELETE':
        if (object === undefined) return fail(response, 404, 'NotFound');
        this.remove(collection, object.metadata.name);
        return reply(response, 200, {});
      default:
        return fail(response, 405, 'MethodNotAllowed');
    }
  }
}

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** The fields of an applied object in the form of fieldsV1, lists as leaves. */
function fieldsOf(value: unknown): unknown {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [`f:${name}`, fieldsOf(item)]),
  );
}

function withManagedFields(object: KubeObject, seen: SeenRequest): KubeObject {
  const { metadata, apiVersion: _a, kind: _k, ...rest } = seen.body as KubeObject;
  const { labels, annotations } = metadata;
  const fieldsV1 = fieldsOf({
    ...rest,
    metadata: mergeDifference(
      {},
      { ...(labels && { labels }), ...(annotations && { annotations }) },
    ),
  });
  const entry = { manager: seen.query.get('fieldManager') ?? '', operation: 'Apply', fieldsV1 };
  return { ...object, metadata: { ...object.metadata, managedFields: [entry] } };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Answers with a Kubernetes Status. */
export function fail(response: ServerResponse, code: number, reason: string): void {
  reply(response, code, { kind: 'Status', status: 'Failure', code, reason, message: reason });
}
