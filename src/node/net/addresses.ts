/**
 * Names to addresses, off the election path: asked only when a link is dialled, answered from the last
 * address that worked when DNS is slow or gone.
 *
 * DNS is asked over the network first (c-ares), because the system's resolver occupies one of the few
 * threads that also write files; it is used for what DNS does not know (/etc/hosts, short names), one
 * name at a time.
 */
import { Resolver, lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

export interface AddressesOptions {
  /** Longest wait for DNS when an address is known that has worked. Default 300. */
  readonly patienceMs?: number;
  /** For tests: asks DNS for the addresses of a name. */
  readonly ask?: (host: string) => Promise<string>;
}

export class Addresses {
  readonly #patienceMs: number;
  readonly #ask: (host: string) => Promise<string>;
  readonly #lastGood = new Map<string, string>();

  constructor(options: AddressesOptions = {}) {
    this.#patienceMs = options.patienceMs ?? 300;
    this.#ask = options.ask ?? askDns;
  }

  /**
   * Addresses of `host` worth a try, best first: what DNS says now, then what worked last. Rejects with
   * the resolver's error (`ENOTFOUND`…) when there is neither.
   */
  async resolve(host: string): Promise<string[]> {
    if (isIP(host) !== 0) return [host];
    const known = this.#lastGood.get(host);
    if (known === undefined) return [await this.#ask(host)];
    const fresh = await withPatience(this.#ask(host), this.#patienceMs);
    return fresh === null || fresh === known ? [known] : [fresh, known];
  }

  /** Remembers that `host` was reached at `address`. */
  worked(host: string, address: string): void {
    if (isIP(host) === 0) this.#lastGood.set(host, address);
  }

  /** Forgets every name not in `hosts`. */
  keepOnly(hosts: ReadonlySet<string>): void {
    for (const host of this.#lastGood.keys()) if (!hosts.has(host)) this.#lastGood.delete(host);
  }
}

/** What `promise` gives within `patienceMs`, or null, also when it rejects. */
async function withPatience(promise: Promise<string>, patienceMs: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  const result = await Promise.race([promise.catch(() => null), late]);
  clearTimeout(timer);
  return result;
}

const resolver = new Resolver({ timeout: 500, tries: 2 });
let systemResolver: Promise<unknown> = Promise.resolve();

async function askDns(host: string): Promise<string> {
  if (host !== 'localhost') {
    for (const ask of [() => resolver.resolve4(host), () => resolver.resolve6(host)]) {
      const found = await ask().catch(() => []);
      if (found.length > 0) return found[0];
    }
  }
  const turn = systemResolver.then(() => lookup(host));
  systemResolver = turn.catch(() => undefined);
  return (await turn).address;
}
