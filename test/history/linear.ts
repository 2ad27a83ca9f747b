/**
 * Is a history of concurrent operations linearizable? The search of Wing and Gong (1993) as Lowe made it fast
 * ("Testing for linearizability", 2017): operations are taken in an order that real time allows, each of them
 * checked against a sequential model; a set of operations and a state that was reached before is not tried again.
 *
 * An operation whose outcome is unknown may take effect at any time after it was sent, or never: it has no end, and
 * the search is over when all that have an end are in order. It is tried as late as possible.
 *
 * The caller splits a history into parts that do not touch each other (locality, Herlihy and Wing 1990), which is what
 * keeps the search short; a number of steps bounds it.
 */
export interface Operation {
  /** Where in the order of all observed events it was sent. */
  readonly start: number;
  /** Where its reply came; Infinity when none did. No two starts or ends are equal. */
  readonly end: number;
}

/** A sequential object. States are immutable; equal states have equal texts. */
export interface Model<State extends { readonly text: string }, Op extends Operation> {
  readonly initial: State;
  /** All states that `op` may leave behind, if it can have its observed outcome in `state`; none when it cannot. */
  step(state: State, op: Op): readonly State[];
  /** With its observed outcome, `op` changes nothing in any state that allows that outcome. */
  isIdle(op: Op): boolean;
}

export type Verdict =
  | { readonly kind: 'linearizable'; readonly steps: number }
  /** No order explains it. `longest`: the most operations that could be put in order. */
  | { readonly kind: 'violated'; readonly steps: number; readonly longest: readonly number[] }
  /** Too many orders to try. */
  | { readonly kind: 'undecided'; readonly steps: number };

/** The start or the end of an operation, in a doubly linked list. */
interface Node {
  /** Position of the operation. */
  readonly op: number;
  /** The node of its end; null for an end, and for an operation without one. */
  readonly end: Node | null;
  readonly isEnd: boolean;
  next: Node | null;
  previous: Node;
}

interface Choice<State> {
  readonly node: Node;
  readonly before: State;
  readonly states: readonly State[];
  /** Which of them was taken. */
  readonly at: number;
  /** Nothing else need be tried in its place. */
  readonly forced: boolean;
}

/**
 * Looks for an order of `operations` that the model allows.
 * @param mostSteps how many calls of the model to make at most.
 */
export function checkLinearizable<State extends { readonly text: string }, Op extends Operation>(
  model: Model<State, Op>,
  operations: readonly Op[],
  mostSteps: number,
): Verdict {
  const head = list(operations);
  const taken = new Taken(operations.length);
  const tried = new Set<string>();
  const stack: Choice<State>[] = [];
  let longest: readonly number[] = [];
  let open = operations.filter((op) => op.end !== Infinity).length;
  let state = model.initial;
  let steps = 0;
  let node = head.next;
  let states: readonly State[] | null = null;
  let at = 0;
  while (open > 0) {
    if (node !== null && !node.isEnd) {
      let forced = false;
      if (states === null) {
        if (++steps > mostSteps) return { kind: 'undecided', steps };
        const op = operations[node.op];
        states = model.step(state, op);
        at = 0;
        taken.add(node.op);
        // What never changes anything may as well be taken now: in any order that takes it later it can be moved here.
        const { text } = state;
        forced = model.isIdle(op) && states.some((next) => next.text === text);
        if (forced) states = [state];
        // What need not have happened is of no use where it changes nothing: it may be of use later.
        else if (op.end === Infinity) states = states.filter((next) => next.text !== text);
      }
      while (at < states.length && tried.has(taken.key + states[at].text)) at++;
      if (at < states.length) {
        tried.add(taken.key + states[at].text);
        stack.push({ node, before: state, states, at, forced });
        state = states[at];
        lift(node);
        if (node.end !== null) open--;
        node = head.next;
        states = null;
        continue;
      }
      taken.remove(node.op);
      states = null;
      if (!forced) {
        node = node.next;
        continue;
      }
    }
    // an operation has ended, or the list, and was not taken: some choice was wrong
    if (stack.length > longest.length) longest = stack.map((choice) => choice.node.op);
    for (;;) {
      const choice = stack.pop();
      if (choice === undefined) return { kind: 'violated', steps, longest };
      ({ node, states } = choice);
      state = choice.before;
      at = choice.at + 1;
      unlift(node);
      if (node.end !== null) open++;
      if (!choice.forced) break;
      taken.remove(node.op);
    }
  }
  return { kind: 'linearizable', steps };
}

/** The set of operations that are in order, with a key for it. */
class Taken {
  readonly #words: Uint16Array;

  constructor(count: number) {
    this.#words = new Uint16Array((count + 15) >> 4);
  }

  add(op: number): void {
    this.#words[op >> 4] |= 1 << (op & 15);
  }

  remove(op: number): void {
    this.#words[op >> 4] &= ~(1 << (op & 15));
  }

  get key(): string {
    return String.fromCharCode(...this.#words);
  }
}

/** All starts and ends by time; starts without an end stand just before the next end. */
function list(operations: readonly Operation[]): Node {
  const marks: { readonly at: number; readonly order: number; readonly node: Node }[] = [];
  const head = nodeOf(-1, null, false);
  operations.forEach(({ start, end }, op) => {
    const last = end === Infinity ? null : nodeOf(op, null, true);
    if (last !== null) marks.push({ at: end, order: 0, node: last });
    marks.push({ at: start, order: 0, node: nodeOf(op, last, false) });
  });
  marks.sort((a, b) => a.at - b.at);
  let tail = head;
  let late: Node[] = [];
  const append = (node: Node): void => {
    node.previous = tail;
    tail.next = node;
    tail = node;
  };
  for (const { node } of marks) {
    if (node.isEnd) {
      for (const waiting of late) append(waiting);
      late = [];
      append(node);
    } else if (node.end === null) {
      late.push(node);
    } else {
      append(node);
    }
  }
  for (const waiting of late) append(waiting);
  return head;
}

function nodeOf(op: number, end: Node | null, isEnd: boolean): Node {
  const node = { op, end, isEnd, next: null } as Omit<Node, 'previous'> as Node;
  node.previous = node;
  return node;
}

function lift(node: Node): void {
  remove(node);
  if (node.end !== null) remove(node.end);
}

function unlift(node: Node): void {
  if (node.end !== null) insert(node.end);
  insert(node);
}

function remove(node: Node): void {
  node.previous.next = node.next;
  if (node.next !== null) node.next.previous = node.previous;
}

function insert(node: Node): void {
  node.previous.next = node;
  if (node.next !== null) node.next.previous = node;
}
