/** Simulated clients: one connection to one member, and the replies that came back over it. */
import { latin1, utf8 } from '#base/bytes.ts';
import type { ClientConnection, ClientHandler } from '#node/shard/ports.ts';

export type Reply = string | number | null | Reply[] | ReplyError;

export class ReplyError {
  readonly line: string;

  constructor(line: string) {
    this.line = line;
  }
}

let nextId = 1;

/** A connection as the shell would make it; what the member sends is parsed at once. */
export class SimConnection implements ClientConnection {
  readonly id = nextId++;
  readonly remoteAddress = '127.0.0.1:1000';
  readonly localAddress = '127.0.0.1:6379';
  readonly tls = false;
  readonly listener = 'client';
  readonly bufferedBytes = 0;
  readonly replies: Reply[] = [];
  closedByMember = false;
  paused = false;
  handler: ClientHandler | null = null;
  #text = '';
  /** Called when the connection ended. */
  onClosed: () => void = () => {};
  /** Called for each whole reply. */
  onReply: (reply: Reply) => void = (reply) => this.replies.push(reply);

  send(bytes: Uint8Array, start: number, end: number): void {
    this.#text += latin1(bytes, start, end);
    for (;;) {
      const parsed = parse(this.#text, 0);
      if (parsed === null) return;
      this.#text = this.#text.slice(parsed.end);
      this.onReply(parsed.reply);
    }
  }

  /** A command from the client. */
  command(...words: string[]): void {
    let out = `*${words.length}\r\n`;
    for (const word of words) out += `$${utf8(word).length}\r\n${word}\r\n`;
    const bytes = utf8(out);
    this.handler?.data(bytes, 0, bytes.length);
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
