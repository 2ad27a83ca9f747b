/**
 * The network between the members of a local cluster, where it can be cut. Each member finds each other one at a
 * loopback address of that pair, 127.1.FROM.TO, where a proxy forwards to the real ports. A cut stops what flows in
 * one direction and keeps connections open, as a network does that drops packets; what was held back arrives when
 * it heals. Needs all of 127/8 on the loopback interface (Linux).
 */
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { LocalMember } from '#operator/local/cluster.ts';

const LOOPBACK = '127.0.0.1';

export const isNetworkPossible = process.platform === 'linux';

interface Flow {
  readonly from: string;
  readonly to: string;
  readonly source: Socket;
}

export class Network {
  readonly #numbers = new Map<string, number>();
  readonly #servers: Server[] = [];
  readonly #flows = new Set<Flow>();
  readonly #cut = new Set<string>();

  /** The address by which `from` finds `to`. */
  hostFor(from: string, to: string): string {
    return `127.1.${this.#number(from)}.${this.#number(to)}`;
  }

  /** Begins to forward between all of `members`. */
  async listen(members: readonly LocalMember[]): Promise<void> {
    for (const from of members) {
      for (const to of members) {
        if (from === to) continue;
        const host = this.hostFor(from.name, to.name);
        await this.#forward(host, to.ports.peer, from.name, to.name);
        // clients may be sent here: their way is never cut
        if (to.ports.client !== 0) await this.#forward(host, to.ports.client, null, to.name);
      }
    }
  }

  /** Pairs of members that are connected through here, as `FROM>TO` by who dialled. */
  get connected(): ReadonlySet<string> {
    return new Set([...this.#flows].map(({ from, to }) => `${from}>${to}`));
  }

  /** Nothing goes from `from` to `to` any more. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
    this.#apply();
  }

  heal(): void {
    this.#cut.clear();
    this.#apply();
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const { source } of this.#flows) source.destroy();
  }

  #number(name: string): number {
    const known = this.#numbers.get(name) ?? this.#numbers.size + 1;
    this.#numbers.set(name, known);
    return known;
  }

  /** @param from null: clients, whoever they are */
  async #forward(host: string, port: number, from: string | null, to: string): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, (dialler) => {
      const target = connect(port, LOOPBACK);
      this.#pipe(dialler, target, from ?? 'client', to);
      this.#pipe(target, dialler, to, from ?? 'client');
    });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
  }

  #pipe(source: Socket, sink: Socket, from: string, to: string): void {
    const flow = { from, to, source };
    this.#flows.add(flow);
    source.setNoDelay(true);
    source.on('data', (bytes) => {
      if (!sink.write(bytes)) source.pause();
    });
    sink.on('drain', () => {
      if (!this.#isCut(flow)) source.resume();
    });
    source.on('error', () => {});
    source.on('close', () => {
      this.#flows.delete(flow);
      sink.destroy();
    });
    if (this.#isCut(flow)) source.pause();
    else source.resume();
  }

  #isCut({ from, to }: Flow): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  #apply(): void {
    for (const flow of this.#flows) {
      if (this.#isCut(flow)) flow.source.pause();
      else flow.source.resume();
    }
  }
}
