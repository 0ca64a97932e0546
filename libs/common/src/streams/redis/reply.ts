import { type StreamEntry } from '../entries';
import { refused } from './stream-error';

/** Reads a flat reply from front to back; what does not fit is an error, never a guess. */
export class ReplyReader {
  private at = 0;
  private readonly values: readonly unknown[];

  constructor(reply: unknown) {
    this.values = list(reply);
  }

  get isAtEnd(): boolean {
    return this.at >= this.values.length;
  }

  text(): string {
    return asText(this.values[this.at++]);
  }

  buffer(): Buffer {
    return asBuffer(this.values[this.at++]);
  }

  /** Integer replies and digit strings alike. */
  integer(): number {
    return asInteger(this.values[this.at++]);
  }

  /** `length` field names and values by turns. */
  fields(length: number): Map<string, Buffer> {
    const fields = new Map<string, Buffer>();
    for (let i = 0; i < length; i += 2) fields.set(this.text(), this.buffer());
    return fields;
  }
}

/** Entries as XRANGE, XREADGROUP and XAUTOCLAIM give them; one that was deleted meanwhile has no fields and is left out. */
export function entriesOf(reply: unknown): StreamEntry[] {
  return list(reply).flatMap((item) => {
    const [id, fields] = list(item);
    if (fields === null) return [];
    const flat = list(fields);
    return [{ id: asText(id), fields: new ReplyReader(flat).fields(flat.length) }];
  });
}

/** `[name, value, name, value, …]` as XINFO and CONFIG GET give it. */
export function pairsOf(reply: unknown): Map<string, unknown> {
  const values = list(reply);
  const pairs = new Map<string, unknown>();
  for (let i = 0; i + 1 < values.length; i += 2) pairs.set(asText(values[i]), values[i + 1]);
  return pairs;
}

export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpected('a list', value);
}

export function asText(value: unknown): string {
  return asBuffer(value).toString('utf8');
}

export function asInteger(value: unknown): number {
  const number = typeof value === 'number' ? value : Number(asText(value));
  if (!Number.isSafeInteger(number)) throw unexpected('an integer', value);
  return number;
}

function asBuffer(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(value);
  throw unexpected('bytes', value);
}

function unexpected(wanted: string, value: unknown): Error {
  return refused(`a reply holds ${value === null ? 'nothing' : typeof value} where ${wanted} should be`);
}
