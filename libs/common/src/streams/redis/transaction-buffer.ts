import { type Fields, type FieldValue } from '../entries';

/** What one transaction needs of room for frames of the usual size; one buffer grows for larger ones. */
const FIRST_BYTES = 64 * 1024;
const HIGHEST_ASCII = 0x7f;
/** A bulk string's `$`, its length's digits and two line ends. */
const BULK_OVERHEAD_BYTES = 24;

const MULTI = '*1\r\n$5\r\nMULTI\r\n';
const EXEC = '*1\r\n$4\r\nEXEC\r\n';

/**
 * Encodes XADDs in one MULTI as Redis' protocol (RESP2 requests: arrays of bulk strings), straight into one buffer that
 * is used again and again. A client library's way through command objects costs several times what Redis does.
 */
export class TransactionBuffer {
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = 0;

  /** Starts a new transaction; what {@link finish} gave before is overwritten. */
  begin(): void {
    this.at = 0;
    this.ascii(MULTI);
  }

  add(stream: string, fields: Fields): void {
    const pairs = Object.entries(fields);
    this.reserve(roomFor(stream) + 64);
    this.ascii(`*${pairs.length * 2 + 3}\r\n$4\r\nXADD\r\n`);
    this.text(stream);
    this.ascii('$1\r\n*\r\n');
    for (const [name, value] of pairs) {
      this.reserve(roomFor(name) + roomFor(value));
      this.text(name);
      if (typeof value === 'string') this.text(value);
      else this.raw(value);
    }
  }

  /** The whole transaction, and behind it the wait for replicas; a view that {@link begin} invalidates. */
  finish(replicas: number, replicasTimeoutMs: number): Buffer {
    this.reserve(EXEC.length + 100);
    this.ascii(EXEC);
    if (replicas > 0) {
      this.ascii('*3\r\n$4\r\nWAIT\r\n');
      this.text(String(replicas));
      this.text(String(replicasTimeoutMs));
    }
    return this.bytes.subarray(0, this.at);
  }

  private text(text: string): void {
    const start = this.at;
    this.ascii(`$${text.length}\r\n`);
    if (this.ascii(text)) {
      this.ascii('\r\n');
      return;
    }
    // Its bytes are more than its characters.
    this.at = start;
    this.raw(Buffer.from(text, 'utf8'));
  }

  private raw(value: Uint8Array): void {
    this.ascii(`$${value.length}\r\n`);
    this.bytes.set(value, this.at);
    this.at += value.length;
    this.ascii('\r\n');
  }

  /** False, with some of it written, where the text is not ASCII. For short texts cheaper than a call out of V8. */
  private ascii(text: string): boolean {
    const { bytes } = this;
    let { at } = this;
    for (let i = 0; i < text.length; i += 1, at += 1) {
      const code = text.charCodeAt(i);
      if (code > HIGHEST_ASCII) return false;
      bytes[at] = code;
    }
    this.at = at;
    return true;
  }

  private reserve(byteCount: number): void {
    const needed = this.at + byteCount;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}

/** At least what its bulk string takes. */
function roomFor(value: FieldValue): number {
  return BULK_OVERHEAD_BYTES + value.length * (typeof value === 'string' ? 3 : 1);
}
