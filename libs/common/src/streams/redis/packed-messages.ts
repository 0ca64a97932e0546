import { type Fields, type FieldValue } from '../entries';

/** What one batch of messages of the usual size needs of room; one buffer grows for larger ones. */
const FIRST_BYTES = 256 * 1024;
const HIGHEST_ASCII = 0x7f;
/** Longer texts are worth a call out of V8. */
const LONGEST_LOOP = 64;
const HEAD_BYTES = 5;
const MOST_UTF8_BYTES = 3;

/** MessagePack's markers of what is used of it. */
const [FIX_STR, STR_8, STR_16, STR_32, UINT_16, ARRAY_32] = [0xa0, 0xd9, 0xda, 0xdb, 0xcd, 0xdd];
const LONGEST_FIX_STR = 31;

/**
 * Messages as one MessagePack array for a script's `cmsgpack.unpack`: for each its mark, the number of its shape from 1,
 * and the values of that shape's fields. Field names are not repeated with every message: messages of one kind have the
 * same ones. One argument instead of dozens a message, since encoding, reading and freeing these costs the client and
 * Redis more than the entries do.
 */
export class PackedMessages {
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = HEAD_BYTES;
  private elements = 0;
  private names: string[][] = [];
  /** Shape of the last message: most of the time also of the next one. */
  private last = -1;

  /** Starts anew; what {@link messages} gave before is overwritten. */
  begin(): this {
    this.at = HEAD_BYTES;
    this.elements = 0;
    this.names = [];
    this.last = -1;
    return this;
  }

  add(mark: string, fields: Fields): void {
    this.text(mark);
    const shapeAt = this.at;
    this.reserve(HEAD_BYTES);
    this.at += 3;
    const shape = this.values(fields) ?? this.valuesOfOther(shapeAt + 3, fields);
    this.bytes[shapeAt] = UINT_16;
    this.bytes.writeUInt16BE(shape + 1, shapeAt + 1);
    this.elements += 2 + (this.names[shape]?.length ?? 0);
    this.last = shape;
  }

  /** The field names of each shape. */
  get shapes(): readonly (readonly string[])[] {
    return this.names;
  }

  /** A view that {@link begin} invalidates. */
  get messages(): Buffer {
    this.bytes[0] = ARRAY_32;
    this.bytes.writeUInt32BE(this.elements, 1);
    return this.bytes.subarray(0, this.at);
  }

  /** Writes the values of a message of the last one's shape; undefined, with some of them written, where it has another. */
  private values(fields: Fields): number | undefined {
    const names = this.names[this.last];
    if (names === undefined) return undefined;
    let count = 0;
    for (const name in fields) {
      if (names[count] !== name) return undefined;
      this.value(fields[name] ?? '');
      count += 1;
    }
    return count === names.length ? this.last : undefined;
  }

  private valuesOfOther(at: number, fields: Fields): number {
    this.at = at;
    const names = Object.keys(fields);
    let shape = this.names.findIndex(
      (known) => known.length === names.length && known.every((name, index) => name === names[index]),
    );
    if (shape < 0) shape = this.names.push(names) - 1;
    for (const name of names) this.value(fields[name] ?? '');
    return shape;
  }

  private value(value: FieldValue): void {
    if (typeof value === 'string') this.text(value);
    else this.raw(value);
  }

  private text(text: string): void {
    if (text.length > LONGEST_LOOP) return this.longText(text);
    this.reserve(HEAD_BYTES + text.length);
    const { bytes } = this;
    const start = this.at;
    let at = start + this.head(text.length);
    for (let i = 0; i < text.length; i += 1, at += 1) {
      const code = text.charCodeAt(i);
      // Its bytes are more than its characters.
      if (code > HIGHEST_ASCII) {
        this.at = start;
        return this.longText(text);
      }
      bytes[at] = code;
    }
    this.at = at;
  }

  private longText(text: string): void {
    const most = text.length * MOST_UTF8_BYTES;
    this.reserve(HEAD_BYTES + most);
    const headBytes = most > 0xffff ? 5 : 3;
    const length = this.bytes.write(text, this.at + headBytes);
    if (headBytes === 3) {
      this.bytes[this.at] = STR_16;
      this.bytes.writeUInt16BE(length, this.at + 1);
    } else {
      this.bytes[this.at] = STR_32;
      this.bytes.writeUInt32BE(length, this.at + 1);
    }
    this.at += headBytes + length;
  }

  private raw(value: Uint8Array): void {
    this.reserve(HEAD_BYTES + value.length);
    this.bytes[this.at] = STR_32;
    this.bytes.writeUInt32BE(value.length, this.at + 1);
    this.bytes.set(value, this.at + HEAD_BYTES);
    this.at += HEAD_BYTES + value.length;
  }

  /** Of a text of at most {@link LONGEST_LOOP} bytes, at the end; gives its own length. */
  private head(length: number): number {
    if (length <= LONGEST_FIX_STR) {
      this.bytes[this.at] = FIX_STR | length;
      return 1;
    }
    this.bytes[this.at] = STR_8;
    this.bytes[this.at + 1] = length;
    return 2;
  }

  private reserve(byteCount: number): void {
    const needed = this.at + byteCount;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}
