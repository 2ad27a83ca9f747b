/** What only tests may do to a member: the port of CONFIG and DEBUG (`enable-test-commands`). */
import type { TestPort } from '#node/commands/node-port.ts';
import { TestSettings } from '#node/commands/server/settings.ts';
import type { Member } from './member.ts';
import type { ServingHost } from './serving.ts';

export class MemberTests implements TestPort {
  readonly settings: TestSettings;
  readonly #member: Member;
  readonly #host: ServingHost;
  readonly #stall: (durationMs: number) => void;

  /** @param stall stands still for so long */
  constructor(member: Member, host: ServingHost, stall: (durationMs: number) => void) {
    this.#member = member;
    this.#host = host;
    this.#stall = stall;
    this.settings = new TestSettings(member.keyspace.limits);
    this.settings.set('client-query-buffer-limit', String(host.limits.queryBufferBytes));
    this.settings.set('maxmemory', String(host.maxmemoryBytes));
  }

  get activeExpire(): boolean {
    return this.#member.activeExpire;
  }

  set activeExpire(on: boolean) {
    this.#member.activeExpire = on;
  }

  settingsChanged(): void {
    const { settings } = this;
    this.#host.maxmemoryBytes = settings.number('maxmemory');
    this.#host.limits = {
      ...this.#host.limits,
      bulkBytes: settings.longestStringBytes,
      queryBufferBytes: settings.number('client-query-buffer-limit'),
    };
    for (const session of this.#host.sessions.values()) session.limitsChanged();
  }

  sleep(durationMs: number): void {
    this.#stall(durationMs);
  }

  resetStatistics(): void {
    this.#host.statistics.reset();
    Object.assign(this.#member.keyspace.statistics, { hits: 0, misses: 0, expired: 0 });
  }

  reload(): number {
    return this.#member.reload();
  }
}
