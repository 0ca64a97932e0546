import { z } from 'zod';
import {
  type AvlRecord,
  CODEC_16,
  CODEC_8,
  CODEC_8_EXTENDED,
  CodecError,
  encodeAvl,
  encodeCommand,
  encodeLogin,
  encodeUdp,
  type IoElement,
  payloadOf,
} from '@app/teltonika-codec';
import { usualSize } from './io-sizes';

const WIRE_DEGREES = 1e7;
const CODEC_IDS = { '8': CODEC_8, '8E': CODEC_8_EXTENDED, '16': CODEC_16 } as const;

const hexSchema = z
  .string()
  .regex(/^([0-9a-fA-F]{2})*$/, 'is no hex')
  .transform((hex) => Buffer.from(hex, 'hex'));
const dateSchema = z
  .string()
  .transform((text) => Date.parse(text))
  .refine((ms) => Number.isInteger(ms), 'is no date');
/** A date, or milliseconds where no date holds them. */
const timestampSchema = z.union([
  z.int(),
  z.string().regex(/^\d+$/).transform(BigInt).transform(smallest),
  dateSchema,
]);
const degreesSchema = z.number().transform((degrees) => Math.round(degrees * WIRE_DEGREES));
const sizeSchema = z.union([z.literal([1, 2, 4, 8]), z.literal('variable')]);
/** Keys are `<place> <id>`, see `parseOrdered`. */
const pairs = <Value>(value: z.ZodType<Value>) =>
  z
    .record(z.string().regex(/^\d+ \d+$/, 'is no IO id'), value)
    .transform((fields) =>
      Object.entries(fields).map(([key, one]): [number, Value] => [Number(key.split(' ')[1]), one]),
    );

const recordSchema = z.object({
  timestamp: timestampSchema,
  priority: z.int(),
  longitude: degreesSchema,
  latitude: degreesSchema,
  altitude: z.int(),
  angle: z.int(),
  satellites: z.int(),
  speed: z.int(),
  generationType: z.int().optional(),
  eventIoId: z.int(),
  io: pairs(z.union([z.int(), z.string()])),
  ioSizes: pairs(sizeSchema).default([]),
  ioTotal: z.int().optional(),
});
const udpSchema = z.object({
  packetId: z.int(),
  packetType: z.int(),
  avlPacketId: z.int(),
  imei: z.string(),
});
const avlSchema = z.object({
  kind: z.literal('avl'),
  codec: z.enum(['8', '8E', '16']),
  udp: udpSchema.optional(),
  records: z.array(recordSchema),
});
const messageSchema = z.object({
  type: z.int(),
  text: z.string().optional(),
  hex: hexSchema.optional(),
  timestamp: dateSchema.optional(),
  imei: z.string().optional(),
});
const commandSchema = z.object({
  kind: z.literal('command'),
  codec: z
    .enum(['12', '13', '14', '15'])
    .transform(Number)
    .pipe(z.literal([12, 13, 14, 15])),
  messages: z.array(messageSchema),
  quantity: z.int().optional(),
  trailingQuantity: z.int().optional(),
  sizeExcludesTimestamp: z.literal(true).optional(),
});
const loginSchema = z.object({ kind: z.literal('login'), imei: z.string() });
const pingSchema = z.object({ kind: z.literal('ping') });
const lineSchema = z.discriminatedUnion('kind', [avlSchema, commandSchema, loginSchema, pingSchema]);

/**
 * The bytes that a line of `odo codec decode` stands for. Throws ZodError or SyntaxError for a line of another shape,
 * CodecError for values that no bytes stand for.
 */
export function bytesOf(line: string): Buffer {
  const packet = lineSchema.parse(parseOrdered(line));
  switch (packet.kind) {
    case 'avl':
      return avlBytes(packet);
    case 'command':
      return commandBytes(packet);
    case 'login':
      return encodeLogin(packet.imei);
    case 'ping':
      return Buffer.from([0xff]);
  }
}

/**
 * JSON whose numeric keys stay in the order of the text, and both where one occurs twice: each is given its place in
 * front. (JavaScript sorts integer keys.) Nothing but a key can be digits in quotes before a colon: inside a string the
 * quotes would be escaped.
 */
function parseOrdered(line: string): unknown {
  let place = 0;
  return JSON.parse(line.replace(/"(\d+)"(?=\s*:)/g, (_, id: string) => `"${place++} ${id}"`));
}

function avlBytes({ codec, udp, records }: z.infer<typeof avlSchema>): Buffer {
  const codecId = CODEC_IDS[codec];
  const packet = {
    codecId,
    records: records.map((record) => recordOf(record, codecId === CODEC_8_EXTENDED)),
  };
  return udp === undefined ? encodeAvl(packet) : encodeUdp({ header: udp, ...packet });
}

function recordOf(record: z.infer<typeof recordSchema>, hasVariableGroup: boolean): AvlRecord {
  const { timestamp, altitude, angle, speed, generationType, io, ioSizes, ioTotal, ...same } = record;
  const sizes = [...ioSizes];
  const elements = io.map(([id, shown]) => {
    // The first size that is left for this id: with an id twice, they come in the same order.
    const at = sizes.findIndex(([sized]) => sized === id);
    const [given] = at < 0 ? [] : sizes.splice(at, 1);
    return elementOf(id, shown, given?.[1] ?? usualSize(id, shown, hasVariableGroup));
  });
  return {
    ...same,
    timestampMs: timestamp,
    altitudeM: altitude,
    angleDeg: angle,
    speedKmh: speed,
    io: elements,
    ...(generationType === undefined ? {} : { generationType }),
    ...(ioTotal === undefined ? {} : { declaredIoTotal: ioTotal }),
  };
}

function elementOf(id: number, shown: number | string, size: IoElement['size']): IoElement {
  if (size === 'variable') return { id, size, value: hexSchema.parse(shown) };
  if (size === 8)
    return {
      id,
      size,
      value: z
        .union([z.int(), z.string().regex(/^\d+$/)])
        .transform(BigInt)
        .parse(shown),
    };
  return { id, size, value: z.int().parse(shown) };
}

function commandBytes({ codec, messages, ...rest }: z.infer<typeof commandSchema>): Buffer {
  const { quantity, trailingQuantity, sizeExcludesTimestamp } = rest;
  return encodeCommand({
    codecId: codec,
    messages: messages.map(messageOf),
    ...(quantity === undefined ? {} : { quantity }),
    ...(trailingQuantity === undefined ? {} : { trailingQuantity }),
    ...(sizeExcludesTimestamp === undefined ? {} : { sizeExcludesTimestamp }),
  });
}

function messageOf({ type, text, hex, timestamp, imei }: z.infer<typeof messageSchema>) {
  const payload = hex ?? payloadOf(text ?? '');
  if (hex !== undefined && text !== undefined && hex.toString('latin1') !== text) {
    throw new CodecError('NOT_ENCODABLE', 'text and hex of a message differ; leave one of them out');
  }
  return {
    type,
    payload,
    ...(timestamp === undefined ? {} : { timestampS: timestamp / 1_000 }),
    ...(imei === undefined ? {} : { imei }),
  };
}

function smallest(value: bigint): number | bigint {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
