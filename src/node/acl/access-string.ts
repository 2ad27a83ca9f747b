/**
 * Access strings: `on ~app:* &* +@all -@dangerous (%R~public:* +get)`, the rule language of Redis' ACL SETUSER
 * (redis.io/docs/management/security/acl) without everything about passwords, which come from Secrets only.
 */
import type { CommandCatalog } from './catalog.ts';
import { Selector } from './selector.ts';

/** Longest access string accepted, in characters. */
export const ACCESS_STRING_MAX = 4096;

export interface AccessRules {
  /** What the string says by its last `on` or `off`; null when it says neither. */
  readonly on: boolean | null;
  /** The root selector first. */
  readonly selectors: readonly [Selector, ...Selector[]];
}

export interface AccessError {
  readonly error: 'AccessStringInvalid';
  /** The rule at fault. */
  readonly token: string;
  /** For people; names the token. */
  readonly message: string;
}

/** Is this what {@link parseAccessString} or `UserTable.of` gives when a string is wrong? */
export function isAccessError(result: object): result is AccessError {
  return 'error' in result;
}

/**
 * Reads an access string. A user has nothing at first (`-@all`, no keys, no channels); rules apply from left to
 * right.
 *
 * @param catalog the node's commands; null checks everything but the names of commands.
 */
export function parseAccessString(
  accessString: string,
  catalog: CommandCatalog | null,
): AccessRules | AccessError {
  if (accessString.length > ACCESS_STRING_MAX) {
    return failed('', `an access string has at most ${ACCESS_STRING_MAX} characters`);
  }
  const tokens = accessString.split(/\s+/).filter((token) => token !== '');
  const root = new Selector(catalog);
  const more: Selector[] = [];
  let on: boolean | null = null;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    const lower = token.toLowerCase();
    if (lower === 'on' || lower === 'off') {
      on = lower === 'on';
    } else if (lower === 'clearselectors') {
      more.length = 0;
    } else if (isAboutPasswords(lower)) {
      return failed(token, 'passwords are not set by an access string');
    } else if (lower === 'sanitize-payload' || lower === 'skip-sanitize-payload') {
      // payloads of RESTORE are always sanitized
      if (lower === 'skip-sanitize-payload') return failed(token, 'payloads are always sanitized');
    } else if (token.startsWith('(')) {
      const close = tokens.findIndex((t, index) => index >= at && t.endsWith(')'));
      if (close === -1) {
        const message = `Unmatched parenthesis in acl selector starting at '${token}'.`;
        return { error: 'AccessStringInvalid', token, message };
      }
      const inner = tokens
        .slice(at, close + 1)
        .join(' ')
        .slice(1, -1);
      const selector = new Selector(catalog);
      const error = applyAll(selector, inner.split(' '));
      if (error !== null) return error;
      more.push(selector);
      at = close;
    } else {
      const error = applyAll(root, [token]);
      if (error !== null) return error;
    }
  }
  return { on, selectors: [root, ...more] };
}

/** The normal form of what {@link parseAccessString} read, as ACL LIST shows it behind on/off. */
export function describeAccess(selectors: readonly Selector[]): string {
  return selectors
    .map((selector, index) => (index === 0 ? selector.describe() : `(${selector.describe()})`))
    .join(' ');
}

function applyAll(selector: Selector, rules: readonly string[]): AccessError | null {
  for (const rule of rules) {
    const reason = rule === '' ? null : selector.apply(rule);
    if (reason !== null) return failed(rule, reason);
  }
  return null;
}

function isAboutPasswords(lower: string): boolean {
  if (lower === 'nopass' || lower === 'resetpass' || lower === 'reset') return true;
  return /^[><#!]/.test(lower);
}

function failed(token: string, reason: string): AccessError {
  const message = `Error in access string modifier '${token}': ${reason}`;
  return { error: 'AccessStringInvalid', token, message };
}
