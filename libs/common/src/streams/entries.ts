/** What a stream entry is made of. Strings are UTF-8 on the wire; binary fields are bytes. */
export type FieldValue = string | Buffer;

/** An entry as a writer hands it over; at least one field, since Redis keeps no empty entry. */
export type Fields = Readonly<Record<string, FieldValue>>;

/** An entry as a reader gets it: `id` is Redis' `<milliseconds>-<sequence>`; values are bytes until asked for as text. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: ReadonlyMap<string, Buffer>;
}

/** Before the first entry of any stream. */
export const STREAM_START = '0-0';

/** A field as text, or undefined where the entry has none of that name. */
export function text(entry: StreamEntry, field: string): string | undefined {
  return entry.fields.get(field)?.toString('utf8');
}

/** A field as the bytes that were written. */
export function bytes(entry: StreamEntry, field: string): Buffer | undefined {
  return entry.fields.get(field);
}

/** All fields as text: for entries without binary fields. */
export function textFields(entry: StreamEntry): Record<string, string> {
  return Object.fromEntries([...entry.fields].map(([field, value]) => [field, value.toString('utf8')]));
}

/** All fields as they were written, to put an entry into another stream verbatim. */
export function rawFields(entry: StreamEntry): Record<string, Buffer> {
  return Object.fromEntries(entry.fields);
}

/** Milliseconds since 1970 on the store's clock, at which the entry was added. */
export function addedAtMs(entryId: string): number {
  return Number(entryId.split('-')[0]);
}

/** Negative, zero or positive as entry id `a` lies before, at or behind `b`; both parts are unsigned 64-bit. */
export function compareEntryIds(a: string, b: string): number {
  const [aMs, aSequence] = idParts(a);
  const [bMs, bSequence] = idParts(b);
  if (aMs !== bMs) return aMs < bMs ? -1 : 1;
  if (aSequence === bSequence) return 0;
  return aSequence < bSequence ? -1 : 1;
}

function idParts(id: string): [bigint, bigint] {
  const [ms = '0', sequence = '0'] = id.split('-');
  return [BigInt(ms), BigInt(sequence)];
}
