import { type Fields, type FieldValue } from '../entries';

/** What one transaction needs of room for frames of the usual size; one buffer grows for larger ones. */
const FIRST_BYTES = 64 * 1024;
const HIGHEST_ASCII = 0x7f;
const LINE_END_BYTES = 2;
const [DOLLAR, ZERO, CR, LF] = [0x24, 0x30, 0x0d, 0x0a];
/** A bulk string's `$`, its length's digits and two line ends. */
const BULK_OVERHEAD_BYTES = 24;

const MULTI = '*1\r\n$5\r\nMULTI\r\n';
const EXEC = '*1\r\n$4\r\nEXEC\r\n';

/** The beginning of an XADD that many entries share, and the names of the fields that follow it. */
export interface EntryPrefix {
  readonly bytes: Buffer;
  readonly names: readonly string[];
}

/**
 * Encodes XADDs in one MULTI as Redis' protocol (RESP2 requests: arrays of bulk strings), straight into one buffer that
 * is used again and again. A client library's way through command objects costs several times what Redis does.
 */
export class TransactionBuffer {
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = 0;
  /** Of each entry: where it ends, and how long its last value is. */
  private readonly ends: number[] = [];
  private readonly lastLengths: number[] = [];
  private lastLength = 0;

  /** Starts a new transaction; what {@link finish} gave before is overwritten. */
  begin(): void {
    this.at = 0;
    this.ends.length = 0;
    this.lastLengths.length = 0;
    this.ascii(MULTI);
  }

  get count(): number {
    return this.ends.length;
  }

  /** A copy of the last value of an entry, by its number from 0, until {@link begin}. */
  lastValue(entry: number): Buffer {
    const end = (this.ends[entry] ?? 0) - LINE_END_BYTES;
    return Buffer.from(this.bytes.subarray(end - (this.lastLengths[entry] ?? 0), end));
  }

  add(stream: string, fields: Fields): void {
    this.open(stream, Object.keys(fields).length);
    for (const name in fields) this.field(name, fields[name] ?? '');
    this.close();
  }

  /** What {@link addTo} begins with. Independent of this buffer's content. */
  static prefix(stream: string, shared: Fields, names: readonly string[]): EntryPrefix {
    const buffer = new TransactionBuffer();
    buffer.open(stream, Object.keys(shared).length + names.length);
    for (const name in shared) buffer.field(name, shared[name] ?? '');
    return { bytes: Buffer.from(buffer.bytes.subarray(0, buffer.at)), names };
  }

  addTo({ bytes, names }: EntryPrefix, values: readonly FieldValue[]): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
    for (let i = 0; i < names.length; i += 1) this.field(names[i] ?? '', values[i] ?? '');
    this.close();
  }

  /**
   * The whole transaction, and behind it the wait for replicas; a view that {@link begin} invalidates. Can be asked for
   * again, for another server.
   */
  finish(replicas: number, replicasTimeoutMs: number): Buffer {
    this.reserve(EXEC.length + 100);
    const end = this.at;
    this.ascii(EXEC);
    if (replicas > 0) {
      this.ascii('*3\r\n$4\r\nWAIT\r\n');
      this.text(String(replicas));
      this.text(String(replicasTimeoutMs));
    }
    const whole = this.bytes.subarray(0, this.at);
    this.at = end;
    return whole;
  }

  private open(stream: string, fieldCount: number): void {
    this.reserve(roomFor(stream) + 64);
    this.ascii(`*${fieldCount * 2 + 3}\r\n$4\r\nXADD\r\n`);
    this.text(stream);
    this.ascii('$1\r\n*\r\n');
  }

  private close(): void {
    this.ends.push(this.at);
    this.lastLengths.push(this.lastLength);
  }

  private field(name: string, value: FieldValue): void {
    this.reserve(roomFor(name) + roomFor(value));
    this.text(name);
    if (typeof value === 'string') this.text(value);
    else this.raw(value);
  }

  private text(text: string): void {
    const start = this.at;
    this.header(text.length);
    if (this.ascii(text)) {
      this.lastLength = text.length;
      this.lineEnd();
      return;
    }
    // Its bytes are more than its characters.
    this.at = start;
    this.raw(Buffer.from(text, 'utf8'));
  }

  private raw(value: Uint8Array): void {
    this.header(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
    this.lastLength = value.length;
    this.lineEnd();
  }

  /** `$<length>\r\n`, digit by digit: a text for it would be made and thrown away for every value of every entry. */
  private header(length: number): void {
    const { bytes } = this;
    let digits = 1;
    for (let rest = length; rest >= 10; rest = (rest / 10) | 0) digits += 1;
    bytes[this.at] = DOLLAR;
    let rest = length;
    for (let at = this.at + digits; at > this.at; at -= 1) {
      bytes[at] = ZERO + (rest % 10);
      rest = (rest / 10) | 0;
    }
    this.at += digits + 1;
    this.lineEnd();
  }

  private lineEnd(): void {
    this.bytes[this.at] = CR;
    this.bytes[this.at + 1] = LF;
    this.at += LINE_END_BYTES;
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
