/** Pieces of schema that several kinds or several fields share. */
import { QUANTITY_PATTERN } from './quantity.ts';
import {
  choice,
  defaulted,
  integer,
  list,
  listByKey,
  map,
  object,
  present,
  quantity,
  required,
  text,
} from './schema.ts';
import type { ValueOf } from './schema.ts';

export { QUANTITY_PATTERN };

/** The longest name that Kubernetes allows an object. */
const NAME_LENGTH = 253;
/** The longest label value and label name; a label key also has a prefix of up to 253 and a slash. */
const LABEL_VALUE_LENGTH = 63;
const LABEL_KEY_LENGTH = 317;

/** The name of another object in the same namespace; '' when unset. */
export function objectName(description: string) {
  return defaulted(
    text(description, {
      maxLength: NAME_LENGTH,
      pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$',
    }),
    '',
  );
}

/** As {@link objectName}, but it must be given. */
export function requiredName(description: string) {
  return required(
    text(description, {
      minLength: 1,
      maxLength: NAME_LENGTH,
      pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
    }),
  );
}

/** The name of a User or an ACL: the rules N1, U1 and A1 as a pattern. */
export const USER_NAME = { minLength: 1, maxLength: 40, pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$' };

export function labels(description: string) {
  const value = text('The value of the label.', {
    maxLength: LABEL_VALUE_LENGTH,
    pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
  });
  return present(map(description, value, 50));
}

export function annotations(description: string) {
  return present(map(description, text('The value of the annotation.', { maxLength: 4096 }), 50));
}

const computeAmounts = {
  cpu: quantity('Cores, as a Kubernetes quantity, such as 500m.'),
  memory: quantity('Bytes, as a Kubernetes quantity, such as 2Gi.'),
};

/** Requests and limits of one container; `{}` when unset. */
export function resources(description: string) {
  return present(
    object(description, {
      requests: present(object('What is set aside for the container.', computeAmounts)),
      limits: present(
        object(
          'What the container may not exceed. The memory request always equals the memory limit. A ' +
            'CPU limit is allowed but not advised: throttling breaks leases.',
          computeAmounts,
        ),
      ),
    }),
  );
}

export type ResourceAmounts = ValueOf<ReturnType<typeof resources>>;

const selectorExpression = object('A requirement on the value of one label.', {
  key: required(text('The label.', { maxLength: LABEL_KEY_LENGTH })),
  operator: required(
    choice('How the label relates to the values.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
  ),
  values: present(
    list(
      'The values to compare with; empty for Exists and DoesNotExist.',
      text('A value of the label.', { maxLength: LABEL_VALUE_LENGTH }),
      50,
    ),
  ),
});

/** A Kubernetes label selector; absent when unset, because an empty one selects everything. */
function labelSelector(description: string) {
  return object(description, {
    matchLabels: labels('Labels that must all have these values.'),
    matchExpressions: present(list('Requirements that must all hold.', selectorExpression, 50)),
  });
}

const CIDR = { maxLength: 64, pattern: '^[0-9a-fA-F:.]+/[0-9]{1,3}$' };

/** As in networking.k8s.io/v1. */
export const networkPeer = object('Who may connect: pods, namespaces or a range of addresses.', {
  podSelector: labelSelector('Pods with these labels, in the namespaces selected beside it.'),
  namespaceSelector: labelSelector('Namespaces with these labels; absent means this namespace.'),
  ipBlock: object('A range of addresses, instead of selectors.', {
    cidr: required(text('The range, such as 10.0.0.0/8.', CIDR)),
    except: present(list('Ranges inside it that may not connect.', text('A range.', CIDR), 50)),
  }),
});

/** As in core/v1. */
export const toleration = object('A taint that the pods tolerate.', {
  key: defaulted(
    text('The taint; empty with operator Exists tolerates every taint.', {
      maxLength: LABEL_KEY_LENGTH,
    }),
    '',
  ),
  operator: defaulted(choice('How the taint is matched.', ['Equal', 'Exists']), 'Equal'),
  value: defaulted(text('The value of the taint.', { maxLength: LABEL_VALUE_LENGTH }), ''),
  effect: choice('The effect tolerated; absent means all.', [
    'NoSchedule',
    'PreferNoSchedule',
    'NoExecute',
  ]),
  tolerationSeconds: integer(
    'How long a pod stays on a node with a NoExecute taint, in seconds; absent means for ever.',
    { minimum: 0, maximum: 1_000_000_000 },
  ),
});

export const secretKey = object('One key of a Secret in the same namespace.', {
  name: requiredName('The name of the Secret.'),
  key: required(
    text('The key inside the Secret.', {
      minLength: 1,
      maxLength: 253,
      pattern: '^[-._a-zA-Z0-9]+$',
    }),
  ),
});

/** A moment, RFC 3339. */
export function moment(description: string) {
  return text(description, { maxLength: 64, format: 'date-time' });
}

/** metav1.Condition. */
const condition = object('One aspect of the state of the object.', {
  type: required(text('What it is about.', { maxLength: 64 })),
  status: required(choice('Does it hold?', ['True', 'False', 'Unknown'])),
  observedGeneration: integer('The generation of the spec that it was judged by.', { minimum: 0 }),
  lastTransitionTime: required(moment('When the status last changed.')),
  reason: required(text('Why, as a word for programs.', { maxLength: 128 })),
  message: required(text('Why, as a sentence for people.', { maxLength: 4096 })),
});

export type ConditionValue = ValueOf<typeof condition>;

export const conditions = present(
  listByKey('The state of the object, one aspect each.', condition, {
    mapKey: 'type',
    maxItems: 32,
  }),
);

export const observedGeneration = integer('The generation of the spec that the status is about.', {
  minimum: 0,
});
