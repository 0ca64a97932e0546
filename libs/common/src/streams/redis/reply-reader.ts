/** An error that the server answered, e.g. `OOM command not allowed`. */
export class ErrorReply {
  constructor(readonly message: string) {}
}

/** Simple and bulk strings are text, integers numbers. */
export type Reply = string | number | null | ErrorReply | readonly Reply[];

const CR = 0x0d;
const [PLUS, MINUS, COLON, DOLLAR, STAR] = [0x2b, 0x2d, 0x3a, 0x24, 0x2a];
/** Every command of a transaction is answered with it: no text is cut out for it. */
const QUEUED = 'QUEUED';
const INCOMPLETE = Symbol('incomplete');

/**
 * Reads Redis' answers (RESP2) from chunks of a byte stream, for commands whose answers are ids and states: all of them
 * are ASCII, so that one chunk becomes one text and every answer a slice of it.
 */
export class ReplyReader {
  private text = '';
  private at = 0;

  constructor(private readonly onReply: (reply: Reply) => void) {}

  /** @throws Error for bytes that are no answer; nothing can be read from this stream any more then. */
  push(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    this.text = this.at < this.text.length ? this.text.slice(this.at) + text : text;
    this.at = 0;
    for (;;) {
      const start = this.at;
      const reply = this.next();
      if (reply === INCOMPLETE) {
        this.at = start;
        return;
      }
      this.onReply(reply);
    }
  }

  private next(): Reply | typeof INCOMPLETE {
    const { text } = this;
    if (this.at >= text.length) return INCOMPLETE;
    const type = text.charCodeAt(this.at);
    const end = text.indexOf('\r\n', this.at + 1);
    if (end === -1) return INCOMPLETE;
    if (type === PLUS && end - this.at === QUEUED.length + 1 && text.startsWith(QUEUED, this.at + 1)) {
      this.at = end + 2;
      return QUEUED;
    }
    const line = text.slice(this.at + 1, end);
    this.at = end + 2;
    switch (type) {
      case PLUS:
        return line;
      case MINUS:
        return new ErrorReply(Buffer.from(line, 'latin1').toString('utf8'));
      case COLON:
        return Number(line);
      case DOLLAR:
        return this.bulk(Number(line));
      case STAR:
        return this.array(Number(line));
      default:
        throw new Error(`a reply of type ${JSON.stringify(String.fromCharCode(type))}`);
    }
  }

  private bulk(length: number): Reply | typeof INCOMPLETE {
    if (length < 0) return null;
    const end = this.at + length;
    if (end + 2 > this.text.length) return INCOMPLETE;
    if (this.text.charCodeAt(end) !== CR) throw new Error('a bulk string that does not end where it says');
    const value = this.text.slice(this.at, end);
    this.at = end + 2;
    return value;
  }

  private array(length: number): Reply | typeof INCOMPLETE {
    if (length < 0) return null;
    const items: Reply[] = [];
    while (items.length < length) {
      const item = this.next();
      if (item === INCOMPLETE) return INCOMPLETE;
      items.push(item);
    }
    return items;
  }
}
