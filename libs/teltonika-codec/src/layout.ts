import { CodecError } from './errors';

/** Codec of the GH3000 family, no longer made: read, never written. */
export const CODEC_7 = 0x07;
export const CODEC_8 = 0x08;
export const CODEC_8_EXTENDED = 0x8e;
export const CODEC_16 = 0x10;

/** Codec ids of AVL frames that this library decodes and encodes. */
export type AvlCodecId = typeof CODEC_8 | typeof CODEC_8_EXTENDED | typeof CODEC_16;

/** Field widths, in bytes, in which the AVL codecs differ; everything else about a record is the same in all. */
export interface AvlLayout {
  readonly codecId: AvlCodecId;
  readonly name: '8' | '8E' | '16';
  readonly eventIdBytes: 1 | 2;
  readonly elementIdBytes: 1 | 2;
  /** Width of the IO total and of each group's count. */
  readonly countBytes: 1 | 2;
  readonly generationTypeBytes: 0 | 1;
  /** Whether a group of {id, u16 length, bytes} follows the four fixed-width groups. */
  readonly hasVariableGroup: boolean;
}

/*
 * Codec 16 counts in one byte: the vendor's comparison table says two, its structure table, its own parser and
 * every captured frame say one. Widths of ids and counts are therefore separate facts.
 */
const LAYOUTS: readonly AvlLayout[] = [
  layout(CODEC_8, '8', 1, 1, 1, 0, false),
  layout(CODEC_8_EXTENDED, '8E', 2, 2, 2, 0, true),
  layout(CODEC_16, '16', 2, 2, 1, 1, false),
];

function layout(
  codecId: AvlCodecId,
  name: AvlLayout['name'],
  eventIdBytes: 1 | 2,
  elementIdBytes: 1 | 2,
  countBytes: 1 | 2,
  generationTypeBytes: 0 | 1,
  hasVariableGroup: boolean,
): AvlLayout {
  return {
    codecId,
    name,
    eventIdBytes,
    elementIdBytes,
    countBytes,
    generationTypeBytes,
    hasVariableGroup,
  };
}

const LAYOUT_BY_CODEC_ID: readonly (AvlLayout | undefined)[] = Array.from({ length: 256 }, (_, codecId) =>
  LAYOUTS.find((candidate) => candidate.codecId === codecId),
);

/** Bytes of timestamp, priority, position, altitude, angle, satellites and speed: the head of every record. */
export const RECORD_HEAD_BYTES = 24;

/** Widths of the fixed groups in wire order. */
export const FIXED_GROUP_WIDTHS = [1, 2, 4, 8] as const;

export function findLayout(codecId: number): AvlLayout | undefined {
  return LAYOUT_BY_CODEC_ID[codecId];
}

/** The descriptor of an AVL codec; throws CODEC_UNKNOWN. */
export function layoutOf(codecId: number, offset?: number): AvlLayout {
  const found = findLayout(codecId);
  if (found !== undefined) return found;
  throw new CodecError('CODEC_UNKNOWN', `codec 0x${codecId.toString(16)} is not an AVL codec`, offset);
}

/** Codecs whose frames carry records: those with a layout, and codec 7, whose records have one of their own. */
export function isRecordCodec(codecId: number): boolean {
  return codecId === CODEC_7 || findLayout(codecId) !== undefined;
}

/** Codecs 12 to 15 carry commands and answers. Four bytes of ack behind one break the device's command session. */
export function isCommandCodec(codecId: number): boolean {
  return codecId >= 0x0c && codecId <= 0x0f;
}
