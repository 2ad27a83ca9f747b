/**
 * The bodies of admin requests: JSON whose form is checked here, field by field, so that whoever sent it
 * reads which field is wrong and why. Fields that this version does not know are ignored: the operator
 * may be newer.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import type {
  BootstrapRecord,
  BootstrapVoter,
  HandOverRequest,
  MembershipRequest,
  PeerHint,
  SetAsideRequest,
  SettingsRequest,
  UserSettings,
} from './handler.ts';

/** A body in the right form, or every way in which it is not. */
export type Body<T> = { readonly value: T } | { readonly problems: readonly string[] };

const ID = /^[0-9a-f]{16}$/;
const ID_RULE = '16 lower-case hexadecimal digits';
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME_RULE = 'lower-case letters, digits and hyphens, at most 63';
const HOST = /^[A-Za-z0-9.:_-]{1,253}$/;
const HOST_RULE = 'a host name or address';
const KINDS = ['data', 'log'] as const;

const MAX_MEMBERS = 1024;
const MAX_USERS = 200;
const MAX_PARAMETERS = 100;
const MAX_ACCESS_STRING = 4096;

export function bootstrapBody(json: unknown): Body<BootstrapRecord> {
  const problems: string[] = [];
  const body = new Fields(json, '', problems);
  const record: BootstrapRecord = {
    clusterId: body.text('clusterId', /^[A-Za-z0-9-]{1,64}$/, 'a UUID'),
    shard: body.text('shard', /^[a-z0-9]{1,16}$/, '1 to 16 lower-case letters and digits'),
    createdAt: body.text('createdAt', /^\d{4}-\d\d-\d\dT[\d:.]{8,16}Z$/, 'an RFC 3339 time in UTC'),
    voters: body.list('voters', 9).map(
      (voter): BootstrapVoter => ({
        name: voter.text('name', NAME, NAME_RULE),
        memberId: voter.text('memberId', ID, ID_RULE),
        kind: voter.word('kind', KINDS),
        host: voter.text('host', HOST, HOST_RULE),
        peerPort: voter.number('peerPort', 1, 65_535),
      }),
    ),
    slots: body.pairs('slots', SLOT_COUNT - 1),
  };
  const ids = new Set(record.voters.map(({ memberId }) => memberId));
  if (record.voters.length % 2 === 0) problems.push('voters must be an odd number');
  if (ids.size !== record.voters.length) problems.push('voters must have different memberIds');
  if (!record.voters.some(({ kind }) => kind === 'data')) {
    problems.push('voters must have a data member');
  }
  return problems.length > 0 ? { problems } : { value: record };
}

export function peersBody(json: unknown): Body<readonly PeerHint[]> {
  const problems: string[] = [];
  const members = new Fields(json, '', problems).list('members', MAX_MEMBERS).map((member) => {
    const memberId = member.optionalText('memberId', ID, ID_RULE);
    const hint: PeerHint = {
      name: member.text('name', NAME, NAME_RULE),
      shard: member.text('shard', /^[a-z0-9]{1,16}$/, '1 to 16 lower-case letters and digits'),
      ...(memberId === undefined ? {} : { memberId }),
      kind: member.word('kind', KINDS),
      host: member.text('host', HOST, HOST_RULE),
      peerPort: member.number('peerPort', 1, 65_535),
      clientPort: member.number('clientPort', 0, 65_535),
    };
    return hint;
  });
  return problems.length > 0 ? { problems } : { value: members };
}

export function settingsBody(json: unknown): Body<SettingsRequest> {
  const problems: string[] = [];
  const body = new Fields(json, '', problems);
  const settings: SettingsRequest = {
    revision: body.number('revision', 1, Number.MAX_SAFE_INTEGER),
    users: body.list('users', MAX_USERS).map(
      (user): UserSettings => ({
        name: user.text('name', /^[^\s\0]{1,255}$/, '1 to 255 characters without spaces'),
        on: user.flag('on'),
        passwordSha256: user.texts('passwordSha256', 2, /^[0-9a-f]{64}$/, '64 hexadecimal digits'),
        noPassword: user.flag('noPassword'),
        accessString: user.text('accessString', /^[^\n\0]*$/, 'one line', MAX_ACCESS_STRING),
      }),
    ),
    parameters: body.map('parameters', MAX_PARAMETERS, 256),
  };
  const names = new Set(settings.users.map(({ name }) => name));
  if (names.size !== settings.users.length) problems.push('users must have different names');
  return problems.length > 0 ? { problems } : { value: settings };
}

export function handOverBody(json: unknown): Body<HandOverRequest> {
  const problems: string[] = [];
  const body = new Fields(json, '', problems);
  const target = body.optionalText('target', ID, ID_RULE);
  const request: HandOverRequest = {
    configIndex: body.number('configIndex', 0, Number.MAX_SAFE_INTEGER),
    term: body.number('term', 0, Number.MAX_SAFE_INTEGER),
    ...(target === undefined ? {} : { target }),
  };
  return problems.length > 0 ? { problems } : { value: request };
}

export function membershipBody(json: unknown): Body<MembershipRequest> {
  const problems: string[] = [];
  const body = new Fields(json, '', problems);
  const request: MembershipRequest = {
    change: body.word('change', ['add-learner', 'promote', 'remove']),
    memberId: body.text('memberId', ID, ID_RULE),
    configIndex: body.number('configIndex', 0, Number.MAX_SAFE_INTEGER),
    term: body.number('term', 0, Number.MAX_SAFE_INTEGER),
  };
  return problems.length > 0 ? { problems } : { value: request };
}

export function setAsideBody(json: unknown): Body<SetAsideRequest> {
  const problems: string[] = [];
  const body = new Fields(json, '', problems);
  const request: SetAsideRequest = {
    memberId: body.text('memberId', ID, ID_RULE),
    reason: body.word('reason', ['removed', 'lost-log']),
    configIndex: body.number('configIndex', 0, Number.MAX_SAFE_INTEGER),
    term: body.number('term', 0, Number.MAX_SAFE_INTEGER),
  };
  return problems.length > 0 ? { problems } : { value: request };
}

/** Reads the fields of one JSON object; what is wrong goes to `problems`, with its path. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #problems: string[];

  constructor(json: unknown, path: string, problems: string[]) {
    this.#path = path;
    this.#problems = problems;
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
    if (!isObject) problems.push(`${path === '' ? 'the body' : path} must be an object`);
    this.#object = isObject ? (json as Record<string, unknown>) : {};
  }

  text(name: string, pattern: RegExp, rule: string, maxLength = 1024): string {
    const value = this.#object[name];
    if (typeof value === 'string' && value.length <= maxLength && pattern.test(value)) return value;
    this.#wrong(name, rule);
    return '';
  }

  optionalText(name: string, pattern: RegExp, rule: string): string | undefined {
    const value = this.#object[name];
    return value === undefined || value === null ? undefined : this.text(name, pattern, rule);
  }

  word<T extends string>(name: string, words: readonly T[]): T {
    const value = words.find((word) => word === this.#object[name]);
    if (value === undefined) this.#wrong(name, words.join(' or '));
    return value ?? words[0];
  }

  number(name: string, min: number, max: number): number {
    const value = this.#object[name];
    if (isWhole(value, min, max)) return value;
    this.#wrong(name, `a whole number from ${min} to ${max}`);
    return min;
  }

  flag(name: string): boolean {
    const value = this.#object[name];
    if (typeof value !== 'boolean') this.#wrong(name, 'true or false');
    return value === true;
  }

  list(name: string, max: number): Fields[] {
    return this.#array(name, max).map(
      (item, index) => new Fields(item, `${this.#path}${name}[${index}].`, this.#problems),
    );
  }

  texts(name: string, max: number, pattern: RegExp, rule: string): string[] {
    const items = this.#array(name, max);
    const good = items.filter(
      (item): item is string => typeof item === 'string' && pattern.test(item),
    );
    if (good.length < items.length) this.#wrong(name, `a list of ${rule}`);
    return good;
  }

  /** Ranges [first, last], ascending and disjoint. */
  pairs(name: string, max: number): [number, number][] {
    const ranges: [number, number][] = [];
    let low = 0;
    for (const item of this.#array(name, max + 1)) {
      const [first, last] = Array.isArray(item) && item.length === 2 ? (item as unknown[]) : [];
      if (isWhole(first, low, max) && isWhole(last, first, max)) {
        ranges.push([first, last]);
        low = last + 1;
        continue;
      }
      this.#wrong(name, `ascending ranges [first, last] within 0 to ${max}`);
      break;
    }
    return ranges;
  }

  map(name: string, maxEntries: number, maxLength: number): Record<string, string> {
    const value = this.#object[name];
    const entries =
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value as Record<string, unknown>)
        : null;
    const good =
      entries?.filter(
        (entry): entry is [string, string] =>
          typeof entry[1] === 'string' && entry[1].length <= maxLength,
      ) ?? [];
    if (entries === null || good.length < entries.length || entries.length > maxEntries) {
      this.#wrong(name, `an object of at most ${maxEntries} strings`);
    }
    return Object.fromEntries(good);
  }

  #array(name: string, max: number): unknown[] {
    const value = this.#object[name];
    if (Array.isArray(value) && value.length <= max) return value as unknown[];
    this.#wrong(name, `a list of at most ${max}`);
    return [];
  }

  #wrong(name: string, rule: string): void {
    this.#problems.push(`${this.#path}${name} must be ${rule}`);
  }
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}
