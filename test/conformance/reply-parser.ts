/** Replies out of a stream (RESP2 and RESP3), as raw text of one byte a character and as values. */

/** An aggregate is an array (of a map: keys and values in turn), everything else its raw text. */
export type ReplyValue = string | ReplyValue[];

export class ReplyParser {
  #text = '';

  feed(text: string): void {
    this.#text += text;
  }

  /** The next whole reply as it was sent, or null when it has not arrived whole. */
  next(): string | null {
    const end = endOfReply(this.#text, 0);
    if (end < 0) return null;
    const reply = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return reply;
  }
}

/** The value of one whole reply. */
export function parseReply(reply: string): ReplyValue {
  return parseAt(reply, 0)[0];
}

function parseAt(text: string, at: number): [ReplyValue, number] {
  const children = childCount(text, at);
  if (children <= 0) {
    const end = endOfReply(text, at);
    return [children === 0 ? [] : text.slice(at, end), end];
  }
  const values: ReplyValue[] = [];
  let next = text.indexOf('\r\n', at) + 2;
  for (let i = 0; i < children; i++) {
    const [value, end] = parseAt(text, next);
    values.push(value);
    next = end;
  }
  return [values, next];
}

/** How many replies stand in the aggregate at `at`; -1 when it is none. */
function childCount(text: string, at: number): number {
  const type = text[at];
  if (type !== '*' && type !== '%' && type !== '~' && type !== '>') return -1;
  const count = Number(text.slice(at + 1, text.indexOf('\r\n', at)));
  return type === '%' ? count * 2 : count;
}

/** Where the reply at `at` ends; -1 when it is not whole. */
function endOfReply(text: string, at: number): number {
  const lineEnd = text.indexOf('\r\n', at);
  if (lineEnd < 0) return -1;
  const type = text[at];
  if (type === '$' || type === '=') {
    const length = Number(text.slice(at + 1, lineEnd));
    const end = length < 0 ? lineEnd + 2 : lineEnd + 2 + length + 2;
    return end <= text.length ? end : -1;
  }
  let next = lineEnd + 2;
  for (let left = childCount(text, at); left > 0; left--) {
    next = endOfReply(text, next);
    if (next < 0) return -1;
  }
  return next;
}

/** What a bulk string holds; null of anything else. */
export function bulkContent(reply: string): string | null {
  if (!/^\$\d/.test(reply)) return null;
  return reply.slice(reply.indexOf('\r\n') + 2, -2);
}
