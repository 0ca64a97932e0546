import { CODEC_8_EXTENDED, encodeAvl, type AvlRecord, type IoElement } from '@app/teltonika-codec';

const RECORDS = 20;
const FIRST_MS = 1_735_689_600_000;
/** Distinct frames, so that no round reads the same bytes from the nearest cache all the time. */
const FRAMES = 64;

export interface FrameShape {
  readonly name: string;
  /** Elements by width: 1, 2, 4, 8 bytes. */
  readonly ids: Readonly<Record<1 | 2 | 4 | 8, readonly number[]>>;
}

/** A tracker with its usual permanent elements: 90 bytes a record, as measured frames of the field have. */
export const USUAL: FrameShape = {
  name: '12 IO a record',
  ids: { 1: [239, 240, 80, 21, 200, 69], 2: [66, 67, 181], 4: [16, 199], 8: [78] },
};

/** The least that a configured device sends: the share of the record heads is highest here. */
export const SMALL: FrameShape = {
  name: '6 IO a record',
  ids: { 1: [239, 240, 21], 2: [66, 67], 4: [16], 8: [] },
};

/** Codec 8E frames of 20 records that differ in every value. */
export function framesOf(shape: FrameShape): Buffer[] {
  return Array.from({ length: FRAMES }, (_, frame) => {
    const records = Array.from({ length: RECORDS }, (_record, index) =>
      recordOf(shape, frame * RECORDS + index),
    );
    return encodeAvl({ codecId: CODEC_8_EXTENDED, records });
  });
}

export const recordsIn = (frames: readonly Buffer[]): number => frames.length * RECORDS;

function recordOf({ ids }: FrameShape, serial: number): AvlRecord {
  const io: IoElement[] = [
    ...ids[1].map((id) => ({ id, size: 1 as const, value: (serial + id) % 251 })),
    ...ids[2].map((id) => ({ id, size: 2 as const, value: (serial * 7 + id * 31) % 65_521 })),
    ...ids[4].map((id) => ({ id, size: 4 as const, value: (serial * 7_919 + id) % 0xffff_fffb })),
    ...ids[8].map((id) => ({ id, size: 8 as const, value: BigInt(serial + id) * 0x1_0000_0001n })),
  ];
  return {
    timestampMs: FIRST_MS + serial * 1_000,
    priority: serial % 50 === 0 ? 1 : 0,
    longitude: 251_234_567 + serial * 137,
    latitude: 546_789_012 - serial * 91,
    altitudeM: (serial % 300) - 5,
    angleDeg: (serial * 3) % 360,
    satellites: 5 + (serial % 12),
    speedKmh: serial % 130,
    eventIoId: serial % 50 === 0 ? 239 : 0,
    io,
  };
}
