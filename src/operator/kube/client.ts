/**
 * Requests to the API server: node:https with the credentials of client-node's KubeConfig. JSON in and
 * out, untouched. Every request has a deadline, since a connection to a server that is gone is
 * silent for minutes; a watch has a watchdog instead.
 */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { RequestOptions } from 'node:https';
import { createHash } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import type { KubeConfig } from '@kubernetes/client-node';
import { invariant } from '#base/invariant.ts';
import { apiErrorFrom, DeadlineError } from './errors.ts';
import { KINDS, pathOf } from './kinds.ts';
import type { KindName } from './kinds.ts';
import type { KubeObject } from './object.ts';

/** The types of patch that the API server takes. */
export const PATCH = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
} as const;

export interface RequestInput {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly deadlineMs?: number;
}

export interface ListResult {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

export interface StreamInput {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The stream is given up when no byte arrives for this long. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Called once a request: who, what, how it ended. */
export type RequestObserver = (method: string, path: string, status: number) => void;

export interface KubeClientOptions {
  readonly config: KubeConfig;
  /** Default deadline of a request. */
  readonly deadlineMs?: number;
  readonly userAgent?: string;
  readonly onRequest?: RequestObserver;
}

/** The only way from the operator to the API server. */
export class KubeClient {
  readonly #config: KubeConfig;
  readonly #deadlineMs: number;
  readonly #userAgent: string;
  readonly #onRequest: RequestObserver;
  readonly #server: URL;
  #agent: HttpAgent | HttpsAgent | null = null;
  #agentKey = '';

  constructor(options: KubeClientOptions) {
    const cluster = options.config.getCurrentCluster();
    invariant(cluster !== null, 'the kubeconfig names a current cluster');
    this.#config = options.config;
    this.#deadlineMs = options.deadlineMs ?? 15_000;
    this.#userAgent = options.userAgent ?? 'holdfast-operator';
    this.#onRequest = options.onRequest ?? (() => undefined);
    this.#server = new URL(cluster.server);
  }

  /** The object, or an {@link ApiError} with code NotFound. */
  async get(kind: KindName, namespace: string, name: string): Promise<KubeObject> {
    return this.request<KubeObject>({ method: 'GET', path: pathOf(kind, namespace, name) });
  }

  /** One page after the other of all objects of a kind; `namespace` '' lists every namespace. */
  async list(
    kind: KindName,
    namespace: string,
    options: { labelSelector?: string; metadataOnly?: boolean; limit?: number } = {},
  ): Promise<ListResult> {
    const items: KubeObject[] = [];
    let token = '';
    for (;;) {
      const page = await this.request<{
        metadata: { resourceVersion?: string; continue?: string };
        items: KubeObject[] | null;
      }>({
        method: 'GET',
        path: pathOf(kind, namespace),
        query: {
          limit: String(options.limit ?? 500),
          ...(options.labelSelector ? { labelSelector: options.labelSelector } : {}),
          ...(token === '' ? {} : { continue: token }),
        },
        ...(options.metadataOnly === true
          ? { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' }
          : {}),
        deadlineMs: 30_000,
      });
      const { apiVersion } = KINDS[kind];
      // Items of a list carry no kind of their own.
      for (const item of page.items ?? []) items.push({ ...item, apiVersion, kind });
      token = page.metadata.continue ?? '';
      if (token === '') return { items, resourceVersion: page.metadata.resourceVersion ?? '' };
    }
  }

  /** Creates `object`; fails with AlreadyExists when the name is in use. */
  async create(object: KubeObject, fieldManager: string): Promise<KubeObject> {
    return this.request<KubeObject>({
      method: 'POST',
      path: pathOf(object.kind as KindName, object.metadata.namespace),
      query: { fieldManager },
      body: object,
    });
  }

  /** Deletes an object; `uid` guards against deleting a successor of the same name. */
  async delete(kind: KindName, namespace: string, name: string, uid = ''): Promise<void> {
    await this.request({
      method: 'DELETE',
      path: pathOf(kind, namespace, name),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        ...(uid === '' ? {} : { preconditions: { uid } }),
      },
    });
  }

  /** One request; resolves to the JSON of a 2xx answer, rejects with ApiError or DeadlineError. */
  async request<T = unknown>(input: RequestInput): Promise<T> {
    const deadlineMs = input.deadlineMs ?? this.#deadlineMs;
    const body = input.body === undefined ? undefined : JSON.stringify(input.body);
    const abort = new AbortController();
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      abort.abort();
    }, deadlineMs);
    try {
      const response = await this.#send(input, body, abort.signal);
      const status = response.statusCode ?? 0;
      let received = '';
      response.setEncoding('utf8');
      for await (const chunk of response) received += chunk as string;
      this.#onRequest(input.method, input.path, status);
      if (status < 200 || status > 299) throw errorOf(response, received);
      return (received === '' ? {} : JSON.parse(received)) as T;
    } catch (error) {
      if (expired) {
        throw new DeadlineError(
          'DeadlineExceeded',
          `${input.method} ${input.path} did not end in ${deadlineMs} ms`,
        );
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Reads a watch until the server ends it (resolves), an error comes or it is silent for too long
   * (rejects). `onLine` must not throw.
   */
  async stream(input: StreamInput): Promise<void> {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    input.signal.addEventListener('abort', onAbort, { once: true });
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      abort.abort();
    }, input.silenceMs);
    try {
      const response = await this.#send(
        { method: 'GET', path: input.path, query: input.query },
        undefined,
        abort.signal,
      );
      const status = response.statusCode ?? 0;
      this.#onRequest('WATCH', input.path, status);
      if (status !== 200) {
        let received = '';
        for await (const chunk of response) received += String(chunk);
        throw errorOf(response, received);
      }
      const decoder = new StringDecoder('utf8');
      let rest = '';
      for await (const chunk of response) {
        timer.refresh();
        const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') input.onLine(line);
      }
    } catch (error) {
      if (silent) {
        throw new DeadlineError(
          'WatchSilent',
          `${input.path} was silent for ${input.silenceMs} ms`,
        );
      }
      throw error;
    } finally {
      clearTimeout(timer);
      input.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent?.destroy();
  }

  async #send(
    input: RequestInput,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const credentials: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(credentials);
    const headers: OutgoingHttpHeaders = {
      ...(credentials.headers as OutgoingHttpHeaders | undefined),
      accept: input.accept ?? 'application/json',
      'user-agent': this.#userAgent,
    };
    if (body !== undefined) {
      headers['content-type'] = input.contentType ?? 'application/json';
      headers['content-length'] = Buffer.byteLength(body);
    }
    const query = new URLSearchParams(input.query).toString();
    const options: RequestOptions = {
      ...credentials,
      agent: this.#agentFor(credentials),
      method: input.method,
      protocol: this.#server.protocol,
      hostname: this.#server.hostname,
      port: this.#server.port,
      path: `${this.#server.pathname.replace(/\/$/, '')}${input.path}${query === '' ? '' : `?${query}`}`,
      headers,
    };
    const send = this.#server.protocol === 'http:' ? httpRequest : httpsRequest;
    try {
      return await exchange(send, options, body, signal);
    } catch (error) {
      // The server closed an idle connection just as we took it: nothing was read of it.
      if (!(error instanceof StaleSocketError)) throw error;
      return exchange(send, options, body, signal);
    }
  }

  /** client-node's agent keeps no connection alive; ours does, and is remade when credentials change. */
  #agentFor(credentials: RequestOptions): RequestOptions['agent'] {
    if (this.#config.getCurrentCluster()?.proxyUrl) return credentials.agent;
    const { ca, cert, key, rejectUnauthorized, servername } = credentials;
    const hash = createHash('sha256');
    for (const part of [ca, cert, key]) hash.update(JSON.stringify(part ?? null)).update('\0');
    const agentKey = hash.digest('hex');
    if (this.#agent === null || agentKey !== this.#agentKey) {
      // A fixed pool would let one stuck watch starve requests: sockets are not limited.
      const keep = { keepAlive: true, keepAliveMsecs: 10_000, maxFreeSockets: 8 };
      this.#agent =
        this.#server.protocol === 'http:'
          ? new HttpAgent(keep)
          : new HttpsAgent({
              ...keep,
              ...(ca === undefined ? {} : { ca }),
              ...(cert === undefined ? {} : { cert }),
              ...(key === undefined ? {} : { key }),
              ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
              ...(servername === undefined ? {} : { servername }),
            });
      this.#agentKey = agentKey;
    }
    return this.#agent;
  }
}

function errorOf(response: IncomingMessage, body: string): Error {
  return apiErrorFrom(response.statusCode ?? 0, body, response.headers['retry-after'] ?? '');
}

/** A kept connection turned out to be closed. */
class StaleSocketError extends Error {
  readonly code = 'StaleSocket';
}

/**
 * Sends one request; resolves to its response. An abort destroys what is there at that time. (The `signal`
 * option of node:http destroys the socket even while it goes back to the pool, where nobody hears the error.)
 */
function exchange(
  send: typeof httpsRequest,
  options: RequestOptions,
  body: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new AbortedError('aborted before it was sent'));
      return;
    }
    const request = send(options, (response) => {
      signal.removeEventListener('abort', onAbort);
      const onLateAbort = (): void => {
        response.destroy(new AbortedError('aborted while it was read'));
      };
      signal.addEventListener('abort', onLateAbort, { once: true });
      response.on('close', () => signal.removeEventListener('abort', onLateAbort));
      // An abort between two reads is an error event that no reader is there for.
      response.on('error', () => undefined);
      resolve(response);
    });
    const onAbort = (): void => {
      request.destroy(new AbortedError('aborted before its answer'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    request.on('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      const lost = request.reusedSocket && (error as { code?: string }).code === 'ECONNRESET';
      reject(lost ? new StaleSocketError(error.message) : error);
    });
    request.end(body);
  });
}

/** We gave the request up. */
class AbortedError extends Error {
  readonly code = 'Aborted';
}
