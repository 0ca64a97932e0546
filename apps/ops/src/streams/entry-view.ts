import { addedAtMs, bytes, rawFields, text, type StreamEntry } from '@app/common/streams';
import { AvlWalk, CodecError } from '@app/teltonika-codec';
import { withMaskedImeis } from '../cli';
import { jsonOf } from '../codec';

/** Most characters of a field's text in a table. */
const SHOWN_CHARACTERS = 60;

export interface EntryView {
  readonly id: string;
  readonly added_at: string;
  /** Records of the AVL frame; the codec's code where it does not decode; null where the entry holds no frame. */
  readonly records: number | string | null;
  readonly fields: Readonly<Record<string, string>>;
}

/** An entry as an operator may see it: IMEIs are masked, in whatever field, unless `full`. Bytes are hex. */
export function entryView(entry: StreamEntry, full: boolean): EntryView {
  const masked = (value: string): string => (full ? value : withMaskedImeis(value));
  const fields = Object.entries(rawFields(entry)).map(
    ([name, value]) =>
      [name, isBinary(name) ? value.toString('hex') : masked(value.toString('utf8'))] as const,
  );
  return {
    id: entry.id,
    added_at: new Date(addedAtMs(entry.id)).toISOString(),
    records: recordCount(entry),
    fields: Object.fromEntries(fields),
  };
}

/** The records of the frame, as `odo codec decode` gives them; undefined where there is none, or none that decodes. */
export function decodedFrame(entry: StreamEntry): unknown {
  const frame = bytes(entry, 'frame');
  if (frame === undefined) return undefined;
  try {
    const lines = jsonOf(frame, { isUdp: text(entry, 'transport') === 'udp' });
    return lines.map((line): unknown => JSON.parse(line));
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

/** One line for a table: what is not shown in columns of its own. */
export function fieldLine({ fields }: EntryView): string {
  return Object.entries(fields)
    .filter(([name]) => !['v', 'traceparent'].includes(name))
    .map(([name, value]) => `${name}=${shortened(value)}`)
    .join(' ');
}

function shortened(value: string): string {
  return value.length <= SHOWN_CHARACTERS ? value : `${value.slice(0, SHOWN_CHARACTERS)}…(${value.length})`;
}

function recordCount(entry: StreamEntry): number | string | null {
  const frame = bytes(entry, 'frame');
  if (frame === undefined) return null;
  const walk = new AvlWalk();
  try {
    return (text(entry, 'transport') === 'udp' ? walk.readDatagram(frame) : walk.read(frame)).length;
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return error.code;
  }
}

const isBinary = (name: string): boolean => name === 'frame' || name === 'payload';
