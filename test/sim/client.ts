/** Simulated connections of clients: one to one member, and the replies that came back over it. */
import { fromLatin1, latin1 } from '#base/bytes.ts';
import type { ClientConnection, ClientHandler } from '#node/shard/ports.ts';

export type Reply = string | number | null | Reply[] | ReplyError;

export class ReplyError {
  readonly line: string;

  constructor(line: string) {
    this.line = line;
  }
}

/** The memberId that an error line redirects to; '' when it is no redirect. */
export function movedTo(line: string): string {
  return /^MOVED \d+ ([^:]+):/.exec(line)?.[1] ?? '';
}

/** A connection as the shell would make it; what the member sends is parsed at once. */
export class SimConnection implements ClientConnection {
  readonly id: number;
  readonly remoteAddress = '127.0.0.1:1000';
  readonly localAddress = '127.0.0.1:6379';
  readonly tls = false;
  readonly listener = 'client';
  readonly bufferedBytes = 0;
  readonly replies: Reply[] = [];
  /** Every command that was sent, in order: the n-th is answered by the n-th reply. */
  readonly sent: (readonly string[])[] = [];
  /** Whole replies that have come. */
  answered = 0;
  closedByMember = false;
  paused = false;
  handler: ClientHandler | null = null;
  #text = '';
  readonly #deliver: (run: () => void) => void;
  /** Called when the connection ended. */
  onClosed: () => void = () => {};
  /** Called for each whole reply. */
  onReply: (reply: Reply) => void = (reply) => this.replies.push(reply);
  /** Called before {@link onReply} with the number of the command that is answered, from 0. */
  onLeaving: (ordinal: number) => void = () => {};

  /** @param deliver hands what the client sends to the member when that runs. */
  constructor(id: number, deliver: (run: () => void) => void) {
    this.id = id;
    this.#deliver = deliver;
  }

  send(bytes: Uint8Array, start: number, end: number): void {
    this.#text += latin1(bytes, start, end);
    for (;;) {
      const parsed = parse(this.#text, 0);
      if (parsed === null) return;
      this.#text = this.#text.slice(parsed.end);
      this.onLeaving(this.answered++);
      this.onReply(parsed.reply);
    }
  }

  /** A command from the client. */
  command(...words: string[]): void {
    this.commands([words]);
  }

  /** Several commands in one write; their characters are bytes. */
  commands(commands: readonly (readonly string[])[]): void {
    let out = '';
    for (const words of commands) {
      this.sent.push(words);
      out += `*${words.length}\r\n`;
      for (const word of words) out += `$${word.length}\r\n${word}\r\n`;
    }
    const bytes = fromLatin1(out);
    this.#deliver(() => this.handler?.data(bytes, 0, bytes.length));
  }

  /** The client goes away. */
  leave(): void {
    this.#deliver(() => this.destroy());
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.closedByMember) return;
    this.closedByMember = true;
    this.handler?.closed();
    this.onClosed();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

/** The RESP2 reply that starts at `at`, or null when it is not whole. */
function parse(text: string, at: number): { reply: Reply; end: number } | null {
  const lineEnd = text.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const line = text.slice(at + 1, lineEnd);
  const after = lineEnd + 2;
  switch (text[at]) {
    case '+':
      return { reply: line, end: after };
    case '-':
      return { reply: new ReplyError(line), end: after };
    case ':':
      return { reply: Number(line), end: after };
    case '$': {
      const length = Number(line);
      if (length < 0) return { reply: null, end: after };
      if (text.length < after + length + 2) return null;
      return { reply: text.slice(after, after + length), end: after + length + 2 };
    }
    case '*': {
      const count = Number(line);
      if (count < 0) return { reply: null, end: after };
      const items: Reply[] = [];
      let end = after;
      for (let i = 0; i < count; i++) {
        const item = parse(text, end);
        if (item === null) return null;
        items.push(item.reply);
        end = item.end;
      }
      return { reply: items, end };
    }
    default:
      throw new Error(`not a RESP2 reply: ${JSON.stringify(text.slice(at, at + 40))}`);
  }
}
