import { CODEC_8_EXTENDED, encodeAvl, type AvlRecord } from '@app/teltonika-codec';

const FIRST_MS = 1_735_689_600_000;

export interface FrameShape {
  readonly records: number;
  /** AVL ids of a record's elements by width in bytes. */
  readonly ids: Readonly<Record<1 | 2 | 4, readonly number[]>>;
}

/** A device's full packet: 1,055 bytes. */
export const FULL: FrameShape = {
  records: 13,
  ids: { 1: [239, 240, 21, 200], 2: [66, 67, 181, 182, 24, 68], 4: [16] },
};

/** The most records below the 1,280 bytes of a packet, as a device sends them that empties its memory: 1,263 bytes. */
export const BUFFERED: FrameShape = { records: 24, ids: { 1: [239, 240], 2: [66, 67], 4: [] } };

/** A codec 8 Extended frame, a record a second. */
export function frameOf({ records, ids }: FrameShape, firstMs = FIRST_MS): Buffer {
  return encodeAvl({
    codecId: CODEC_8_EXTENDED,
    records: Array.from({ length: records }, (_, index) => recordOf(index, ids, firstMs)),
  });
}

function recordOf(index: number, ids: FrameShape['ids'], firstMs: number): AvlRecord {
  return {
    timestampMs: firstMs + index * 1_000,
    priority: 0,
    longitude: 251_234_567 + index * 137,
    latitude: 546_789_012 - index * 91,
    altitudeM: 120,
    angleDeg: 271,
    satellites: 11,
    speedKmh: 52,
    eventIoId: 0,
    io: [
      ...ids[1].map((id) => ({ id, size: 1 as const, value: (index + id) % 251 })),
      ...ids[2].map((id) => ({ id, size: 2 as const, value: (index * 7 + id * 31) % 65_521 })),
      ...ids[4].map((id) => ({ id, size: 4 as const, value: index * 7_919 + id })),
    ],
  };
}
