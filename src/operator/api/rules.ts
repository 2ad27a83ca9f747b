/**
 * Rules that a schema cannot say, each written twice side by side: as CEL for the API server and as a
 * function for local mode and the reconcile. rule-samples.ts holds objects on which both must agree.
 *
 * Invariants: the CEL sees the object with the CRD's defaults only, so it must expect every field
 * without one to be absent; the function sees the parsed value. A transition rule (`oldSelf`) stands on
 * `spec`, so that removing the field does not escape it.
 */
import type { ObjectMeta } from './object.ts';

export interface Rule<Self> {
  /** Short and stable: N1, S1, … as in the reference of the kinds. */
  readonly id: string;
  /** CamelCase, for conditions and tests. */
  readonly name: string;
  readonly cel: string;
  readonly message: string;
  /** The field blamed, as a path below the object that the rule stands on. */
  readonly field: string;
  /** Does `self` pass? A rule without `old` compares nothing. */
  readonly check: (self: Self) => boolean;
  /** Only for transition rules: may `old` become `self`? */
  readonly checkTransition?: (self: Self, old: Self) => boolean;
}

/** A rule that judges one state. */
export function rule<Self>(definition: Omit<Rule<Self>, 'checkTransition'>): Rule<Self> {
  return definition;
}

/** A rule that judges a change. */
export function transition<Self>(
  definition: Omit<Rule<Self>, 'check' | 'checkTransition'> & {
    readonly check: (self: Self, old: Self) => boolean;
  },
): Rule<Self> {
  return { ...definition, check: () => true, checkTransition: definition.check };
}

/** What rules at the root of an object see. */
export interface Named {
  readonly metadata: Pick<ObjectMeta, 'name'>;
}

const NAME_PATTERN = '^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$';
const NAME = new RegExp(NAME_PATTERN);

/** May an object of ours have this name? It becomes part of names limited to 63 characters. */
export function isName(name: string): boolean {
  return NAME.test(name) && !name.includes('--');
}

/** N1, A1, U1: the names of clusters, ACLs and users. */
export function nameRule(id: string): Rule<Named> {
  return rule({
    id,
    name: 'Name',
    field: 'metadata.name',
    cel: `self.metadata.name.matches('${NAME_PATTERN}') && !self.metadata.name.contains('--')`,
    message:
      'the name must be 1 to 40 characters, lower-case letters, digits and single hyphens, ' +
      'begin with a letter and end with a letter or digit',
    check: (self) => isName(self.metadata.name),
  });
}
