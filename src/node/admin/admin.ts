/**
 * The admin API: JSON over HTTPS, for the operator of this cluster and nobody else. Who that is, the
 * certificate's URI says (`holdfast://<clusterId>/operator`), not just a chain to the cluster's CA.
 *
 * Every answer is JSON; a refusal is `{error: <CamelCase>, message, …}`.
 */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { InvariantError } from '#base/invariant.ts';
import {
  bootstrapBody,
  handOverBody,
  membershipBody,
  peersBody,
  setAsideBody,
  settingsBody,
} from './bodies.ts';
import type { Body } from './bodies.ts';
import type { AdminHandler, Answer } from './handler.ts';

/** Certificates that may change while running; `#node/net`'s `TlsFiles` is one. */
export interface AdminTls {
  readonly current: AdminTlsMaterial;
  onChange(listener: (material: AdminTlsMaterial) => void): () => void;
}

export interface AdminTlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | null;
}

export interface AdminServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Whose operator may ask. */
  readonly clusterId: string;
  /** null: plain HTTP without proof of identity; for tests. */
  readonly tls: AdminTls | null;
  /** Default 4 MiB: 200 users with long access strings. */
  readonly maxBodyBytes?: number;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

type Route = (handler: AdminHandler, json: unknown) => Promise<Reply>;

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/v1/status': { GET: async (handler) => ({ status: 200, body: handler.status() }) },
  '/v1/digest': { GET: async (handler) => answered(await handler.digest()) },
  '/v1/bootstrap': {
    POST: (handler, json) => checked(bootstrapBody(json), (record) => handler.bootstrap(record)),
  },
  '/v1/join': {
    POST: (handler, json) => checked(bootstrapBody(json), (record) => handler.join(record)),
  },
  '/v1/membership': {
    POST: (handler, json) =>
      checked(membershipBody(json), (request) => handler.changeMembership(request)),
  },
  '/v1/set-aside': {
    POST: (handler, json) => checked(setAsideBody(json), (request) => handler.setAside(request)),
  },
  '/v1/peers': {
    PUT: (handler, json) => checked(peersBody(json), (peers) => handler.putPeers(peers)),
  },
  '/v1/settings': {
    PUT: (handler, json) =>
      checked(settingsBody(json), (settings) => handler.putSettings(settings)),
  },
  '/v1/hand-over': {
    POST: (handler, json) => checked(handOverBody(json), (request) => handler.handOver(request)),
  },
};

const HTTP_LIMITS: ServerOptions = {
  requestTimeout: 15_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 60_000,
  maxHeaderSize: 16 * 1024,
};

export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #handler: AdminHandler;
  readonly #server: Server;
  readonly #stopWatching: () => void;

  constructor(options: AdminServerOptions, handler: AdminHandler) {
    this.#options = options;
    this.#handler = handler;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#serve(request, response);
    const { tls } = options;
    if (tls === null) {
      this.#server = createHttpServer(HTTP_LIMITS, onRequest);
      this.#stopWatching = () => undefined;
    } else {
      const server = createHttpsServer(
        {
          ...HTTP_LIMITS,
          ...secureContext(tls.current),
          requestCert: true,
          rejectUnauthorized: true,
          handshakeTimeout: 10_000,
        },
        onRequest,
      );
      server.on('tlsClientError', (_, socket) => socket.destroy());
      this.#stopWatching = tls.onChange((material) => {
        server.setSecureContext(secureContext(material));
      });
      this.#server = server;
    }
    this.#server.maxConnections = 256;
  }

  /** Resolves with the port. Rejects with the system's error (`EADDRINUSE`…). */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      server.once('error', reject);
      server.listen({ host: this.#options.host, port: this.#options.port }, () => {
        server.removeListener('error', reject);
        server.on('error', () => undefined);
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  close(): Promise<void> {
    this.#stopWatching();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.#reply(request);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      reply = failure(500, 'Internal', error instanceof Error ? error.message : String(error));
    }
    if (response.destroyed) return;
    // what is left of a body that was too large must not be read as the next request
    if (!request.complete) response.setHeader('connection', 'close');
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(reply.body)}\n`);
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    const refusal = this.#identityRefusal(request);
    if (refusal !== null) return refusal;
    const path = (request.url ?? '').split('?', 1)[0];
    if (!Object.hasOwn(ROUTES, path)) return failure(404, 'NotFound', `no ${path} here`);
    const methods = ROUTES[path];
    const method = request.method ?? '';
    if (!Object.hasOwn(methods, method)) {
      const allowed = Object.keys(methods).join(', ');
      return failure(405, 'MethodNotAllowed', `${path} takes ${allowed}, not ${method}`);
    }
    if (method === 'GET') return methods[method](this.#handler, null);
    const maxBytes = this.#options.maxBodyBytes ?? 4 * 1024 * 1024;
    const body = await readBody(request, maxBytes);
    if (body === null) return failure(413, 'TooLarge', `a body has at most ${maxBytes} bytes`);
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch (error) {
      return failure(400, 'BadRequest', `the body is not JSON: ${(error as Error).message}`);
    }
    return methods[method](this.#handler, json);
  }

  #identityRefusal(request: IncomingMessage): Reply | null {
    const { tls, clusterId } = this.#options;
    if (tls === null) return null;
    const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
    const wanted = `holdfast://${clusterId}/operator`;
    // every name that Node would have to quote is none of ours, so a split is enough once there is none
    const names = certificate?.subjectAltName ?? '';
    if (!names.includes('"') && names.split(', ').includes(`URI:${wanted}`)) return null;
    return failure(403, 'WrongIdentity', `the client's certificate is not for ${wanted}`);
  }
}

async function checked<T, R extends object>(
  body: Body<T>,
  act: (value: T) => Promise<Answer<R>>,
): Promise<Reply> {
  if ('problems' in body) return failure(400, 'BadRequest', body.problems.slice(0, 20).join('; '));
  return answered(await act(body.value));
}

function answered<R extends object>(answer: Answer<R>): Reply {
  if ('ok' in answer) return { status: 200, body: answer.ok };
  const { status, error, message, details } = answer.refusal;
  return { status, body: { ...details, error, message } };
}

function failure(status: number, error: string, message: string): Reply {
  return { status, body: { error, message } };
}

/** The body as text, or null when it is larger than `maxBytes`. Rejects when the client goes away. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function secureContext(material: AdminTlsMaterial) {
  return {
    cert: material.cert,
    key: material.key,
    ...(material.ca === null ? {} : { ca: material.ca }),
    minVersion: 'TLSv1.3' as const,
  };
}
