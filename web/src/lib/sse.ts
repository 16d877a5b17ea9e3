/** Server-sent events over fetch: with our headers, and with the place to come back to. */

export interface Message {
  id: string | null;
  event: string;
  data: string;
}

/** Takes text as it comes, gives whole messages; holds what is not whole yet. */
export class Parser {
  private rest = '';
  private id: string | null = null;
  private event = '';
  private data: string[] = [];

  push(chunk: string): Message[] {
    const found: Message[] = [];
    // A CR at the very end may be half of a CRLF: it waits for what follows.
    const text = this.rest + chunk;
    const usable = text.endsWith('\r') ? text.length - 1 : text.length;
    let start = 0;
    const lineEnd = /\r\n|\r|\n/g;
    for (;;) {
      lineEnd.lastIndex = start;
      const match = lineEnd.exec(text);
      if (match === null || match.index >= usable) break;
      this.line(text.slice(start, match.index), found);
      start = match.index + match[0].length;
    }
    this.rest = text.slice(start);
    return found;
  }

  private line(line: string, found: Message[]): void {
    if (line === '') {
      if (this.data.length > 0) found.push({ id: this.id, event: this.event || 'message', data: this.data.join('\n') });
      this.id = null;
      this.event = '';
      this.data = [];
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }
}

export async function* readMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new Parser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
