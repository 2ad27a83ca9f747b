/**
 * The client of one member's admin API. Mutual TLS: the server must prove by its SAN URI that it is a
 * member of this very cluster, its host name and address prove nothing. Every request has a deadline
 * from before the connection is made to after the last byte of the answer. Never retries: its
 * callers are level-driven and look again.
 */
import { Agent, type RequestOptions, request } from 'node:https';
import type { PeerCertificate } from 'node:tls';
import { NodeClientError } from './errors.ts';
import type {
  BootstrapRecord,
  HandOverRequest,
  HandOverResult,
  KeyspaceDigest,
  MembershipRequest,
  MemberStatus,
  PeerHint,
  SetAsideRequest,
  Settings,
  SettingsResult,
} from './wire.ts';

/** More than any answer of a healthy member. */
const MAX_REPLY_BYTES = 4 << 20;

export interface NodeClientOptions {
  readonly host: string;
  readonly port: number;
  /** PEM. `cert` carries the SAN URI `holdfast://<clusterId>/operator`; `ca` may be a bundle. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly clusterId: string;
  /** For requests that the member answers from memory; default 3000. */
  readonly deadlineMs?: number;
  /** For requests that wait for a commit or a hand-over; default 20000. */
  readonly slowDeadlineMs?: number;
}

export class NodeClient {
  readonly host: string;
  readonly port: number;
  readonly #agent: Agent;
  readonly #memberUri: string;
  readonly #deadlineMs: number;
  readonly #slowDeadlineMs: number;

  constructor(options: NodeClientOptions) {
    this.host = options.host;
    this.port = options.port;
    this.#memberUri = `holdfast://${options.clusterId}/member`;
    this.#deadlineMs = options.deadlineMs ?? 3_000;
    this.#slowDeadlineMs = options.slowDeadlineMs ?? 20_000;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 2,
      // Node does not check the identity again when it resumes a session
      maxCachedSessions: 0,
      cert: options.tls.cert,
      key: options.tls.key,
      ca: options.tls.ca,
      minVersion: 'TLSv1.3',
      checkServerIdentity: (_host, certificate) => this.#checkIdentity(certificate),
    });
  }

  /** Everything the member says about itself. Answered also before the member is formed. */
  async status(): Promise<MemberStatus> {
    const reply = await this.#call('GET', '/v1/status');
    if (typeof reply['memberId'] !== 'string' || typeof reply['formed'] !== 'boolean') {
      throw new NodeClientError('MalformedReply', 'a status without memberId or formed');
    }
    return reply as unknown as MemberStatus;
  }

  /** Gives the member its shard; repeating the same record is harmless, another one is refused (409). */
  async bootstrap(record: BootstrapRecord): Promise<void> {
    await this.#call('POST', '/v1/bootstrap', record, this.#slowDeadlineMs);
  }

  /** Lets an empty disk join the record's shard, which does not know it yet; may be repeated. */
  async join(record: BootstrapRecord): Promise<void> {
    await this.#call('POST', '/v1/join', record, this.#slowDeadlineMs);
  }

  /** Resolves with the entry's index when the change is committed; `OutcomeUnknown`: look again. */
  async changeMembership(request: MembershipRequest): Promise<{ readonly index: number }> {
    const reply = await this.#call('POST', '/v1/membership', request, this.#slowDeadlineMs);
    return { index: numberIn(reply, 'index') };
  }

  /** The member ends itself; its next start finds an empty disk with another memberId. */
  async setAside(request: SetAsideRequest): Promise<void> {
    await this.#call('POST', '/v1/set-aside', request);
  }

  /** Tells the member where the others are. */
  async putPeers(members: readonly PeerHint[]): Promise<void> {
    await this.#call('PUT', '/v1/peers', { members });
  }

  /** Resolves when the settings are committed. `NotPrimary` names the primary in `details.primary`. */
  async putSettings(settings: Settings): Promise<SettingsResult> {
    const reply = await this.#call('PUT', '/v1/settings', settings, this.#slowDeadlineMs);
    return { revision: numberIn(reply, 'revision'), index: numberIn(reply, 'index') };
  }

  /** Resolves when another member leads. */
  async handOver(plan: HandOverRequest): Promise<HandOverResult> {
    const reply = await this.#call('POST', '/v1/hand-over', plan, this.#slowDeadlineMs);
    return { refusedWriteMs: numberIn(reply, 'refusedWriteMs') };
  }

  /** The digest of the member's keyspace; walks all keys, so for tests and drills only. */
  async digest(): Promise<KeyspaceDigest> {
    const reply = await this.#call('GET', '/v1/digest', undefined, this.#slowDeadlineMs);
    const { digest } = reply;
    if (typeof digest !== 'string') {
      throw new NodeClientError('MalformedReply', 'a digest without digest');
    }
    return { index: numberIn(reply, 'index'), digest };
  }

  /** Closes kept connections. */
  close(): void {
    this.#agent.destroy();
  }

  #checkIdentity(certificate: PeerCertificate): Error | undefined {
    const names = certificate.subjectaltname ?? '';
    // Node quotes values that hold a separator; the member's certificate never does
    const uris = names.includes('"') ? [] : names.split(', ');
    if (uris.includes(`URI:${this.#memberUri}`)) return undefined;
    return new NodeClientError(
      'NotTheMember',
      `${this.host}:${this.port} shows a certificate for ${names || 'nothing'}, not ${this.#memberUri}`,
    );
  }

  async #call(
    method: string,
    path: string,
    body?: unknown,
    deadlineMs = this.#deadlineMs,
  ): Promise<Record<string, unknown>> {
    const deadline = AbortSignal.timeout(deadlineMs);
    const payload = body === undefined ? '' : JSON.stringify(body);
    const options: RequestOptions = {
      host: this.host,
      port: this.port,
      path,
      method,
      agent: this.#agent,
      signal: deadline,
      headers:
        body === undefined
          ? {}
          : {
              'content-type': 'application/json',
              'content-length': new TextEncoder().encode(payload).length,
            },
    };
    let answer: { status: number; text: string };
    try {
      answer = await exchange(options, payload);
    } catch (error) {
      throw this.#linkError(error, `${method} ${path}`, deadline.aborted ? deadlineMs : null);
    }
    return parseAnswer(answer.status, answer.text, `${method} ${path}`);
  }

  #linkError(error: unknown, what: string, missedDeadlineMs: number | null): NodeClientError {
    if (error instanceof NodeClientError) return error;
    const where = `${what} at ${this.host}:${this.port}`;
    if (missedDeadlineMs !== null) {
      const text = `${where}: no answer within ${missedDeadlineMs} ms`;
      return new NodeClientError('DeadlineExceeded', text, { cause: error });
    }
    const why = error instanceof Error ? error.message || error.name : String(error);
    const untrusted = isUntrusted(error);
    return new NodeClientError(untrusted ? 'NotTheMember' : 'Unreachable', `${where}: ${why}`, {
      cause: error,
    });
  }
}

/** One request and its whole answer. */
function exchange(
  options: RequestOptions,
  payload: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_REPLY_BYTES) {
          sent.destroy(new NodeClientError('MalformedReply', 'the answer is too long'));
        }
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}

function parseAnswer(status: number, text: string, what: string): Record<string, unknown> {
  let reply: unknown;
  try {
    reply = text === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw new NodeClientError('MalformedReply', `${what}: not JSON`, { status, cause });
  }
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) {
    throw new NodeClientError('MalformedReply', `${what}: not an object`, { status });
  }
  const object = reply as Record<string, unknown>;
  if (status >= 200 && status < 300) return object;
  const code = typeof object['error'] === 'string' ? object['error'] : `Http${status}`;
  const message = typeof object['message'] === 'string' ? object['message'] : '';
  throw new NodeClientError(code, `${what}: ${code} ${message}`.trimEnd(), {
    status,
    details: object,
  });
}

function numberIn(reply: Record<string, unknown>, field: string): number {
  const value = reply[field];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new NodeClientError('MalformedReply', `${field} is not a number`);
}

/** OpenSSL's verdicts on a certificate chain, as Node names them (doc/api/tls, "X509 certificate error codes"). */
function isUntrusted(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const code = String(error.code);
  return code.startsWith('CERT_') || /SELF_SIGNED|UNABLE_TO_|_IN_CHAIN|PATH_LENGTH/.test(code);
}
