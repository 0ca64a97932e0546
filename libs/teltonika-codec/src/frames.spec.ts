import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { decodeAvl } from './decode';
import { encodeAvl } from './encode';
import { CODEC_16, CODEC_8, CODEC_8_EXTENDED } from './layout';
import type { AvlRecord, IoElement } from './record';
import { recordFlagNames } from './record';

const id = z.int();
const element = z.discriminatedUnion('size', [
  z.object({ id, size: z.literal([1, 2, 4]), value: z.int() }),
  z.object({ id, size: z.literal(8), value: z.string().transform(BigInt) }),
  z.object({
    id,
    size: z.literal('variable'),
    value: z.string().transform((hex) => Buffer.from(hex, 'hex')),
  }),
]);
const record = z.looseObject({
  timestampMs: z.union([z.int(), z.string().transform(BigInt)]),
  priority: z.int(),
  longitude: z.int(),
  latitude: z.int(),
  altitudeM: z.int(),
  angleDeg: z.int(),
  satellites: z.int(),
  speedKmh: z.int(),
  eventIoId: z.int(),
  io: z.array(element),
});
const frames = z
  .array(
    z.object({
      name: z.string(),
      codecId: z.literal([CODEC_8, CODEC_8_EXTENDED, CODEC_16]),
      records: z.array(record),
      flags: z.array(z.array(z.string())),
      hex: z.string(),
    }),
  )
  .parse(JSON.parse(readFileSync(join(__dirname, '../vectors/frames.json'), 'utf8')));

describe('frames made for Odograph', () => {
  it.each(frames.map((frame) => [frame.name, frame] as const))(
    '%s',
    (_, { codecId, records, flags, hex }) => {
      const expected: (AvlRecord & { io: IoElement[] })[] = records;
      const decoded = decodeAvl(Buffer.from(hex, 'hex'));
      expect(decoded.codecId).toBe(codecId);
      expect(decoded.records.map(({ flags: _flags, ...fields }) => fields)).toEqual(expected);
      expect(decoded.records.map((r) => recordFlagNames(r.flags))).toEqual(flags);
      expect(encodeAvl({ codecId, records: expected }).toString('hex')).toBe(hex);
    },
  );
});
