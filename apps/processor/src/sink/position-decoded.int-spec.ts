import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { z } from 'zod';
import { type Database, statement } from '@app/common/database';
import { repositoryRoot, testServers } from '@app/common/testing';
import {
  AvlWalk,
  CODEC_16,
  CODEC_8,
  CODEC_8_EXTENDED,
  encodeAvl,
  type IoElement,
  readIo,
  RECORD_HEAD_BYTES,
} from '@app/teltonika-codec';
import { databaseOf, entryOf, noFence, recordOf, sinkOf, T0 } from '../sink.testing';

const servers = testServers();
let readonly: Database;
let processor: Database;
beforeAll(() => {
  readonly = databaseOf(servers.postgresUrl('odograph_readonly'));
  processor = databaseOf(servers.postgresUrl('odograph_processor'));
});
afterAll(() => Promise.all([readonly.stop(1000), processor.stop(1000)]));

interface Block {
  readonly codec: number;
  readonly io: Buffer;
}

const READ = statement(
  'spec_io-elements',
  `SELECT block.place::integer AS block, element.id, element.value::text AS value, element.bytes,
     telemetry.io_value(block.codec, block.io, element.id)::text AS last_value,
     telemetry.io_bytes(block.codec, block.io, element.id) AS last_bytes
   FROM unnest($1::integer[], $2::bytea[]) WITH ORDINALITY AS block (codec, io, place),
     telemetry.io_elements(block.codec, block.io) AS element
   ORDER BY block.place, element.place`,
);
const JSON_OF = statement(
  'spec_io-json',
  `SELECT telemetry.io_json(codec, io)::text AS json
   FROM unnest($1::integer[], $2::bytea[]) WITH ORDINALITY AS block (codec, io, place) ORDER BY place`,
);

interface ElementRow {
  readonly block: number;
  readonly id: number;
  readonly value: string | null;
  readonly bytes: Buffer;
  readonly last_value: string | null;
  readonly last_bytes: Buffer;
}

const parametersOf = (blocks: readonly Block[]) => [
  blocks.map(({ codec }) => codec),
  blocks.map(({ io }) => io),
];
const valueOf = ({ value }: IoElement): string | null =>
  value instanceof Uint8Array ? null : value.toString();

function bytesOf({ size, value }: IoElement): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  const digits = value.toString(16);
  return digits.padStart(Number(size) * 2, '0');
}

/** Numbers are written as the codec gives them: a JSON parser in between would round those of 8 bytes. */
function jsonOf(elements: readonly IoElement[]): string {
  const byId = new Map(elements.map((element) => [element.id, element]));
  const members = [...byId].map(([id, element]): [string, string] => [
    String(id),
    valueOf(element) ?? `"${bytesOf(element)}"`,
  ]);
  // As jsonb orders keys: shorter ones first.
  members.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return `{${members.map(([id, text]) => `"${id}": ${text}`).join(', ')}}`;
}

async function expectAsCodec(blocks: readonly Block[]): Promise<void> {
  const rows = await readonly.query<ElementRow & Record<string, unknown>>(READ, parametersOf(blocks));
  const expected = blocks.flatMap(({ codec, io }, block) => {
    const elements = readIo(io, codec);
    const last = new Map(elements.map((element) => [element.id, element]));
    return elements.map((element) => {
      const counting = last.get(element.id) ?? element;
      return [
        block + 1,
        element.id,
        valueOf(element),
        bytesOf(element),
        valueOf(counting),
        bytesOf(counting),
      ];
    });
  });
  const found = rows.map((row) => [
    row.block,
    row.id,
    row.value,
    row.bytes.toString('hex'),
    row.last_value,
    row.last_bytes.toString('hex'),
  ]);
  expect(found).toEqual(expected);
  const jsons = await readonly.query<{ json: string }>(JSON_OF, parametersOf(blocks));
  expect(jsons.map(({ json }) => json)).toEqual(blocks.map(({ codec, io }) => jsonOf(readIo(io, codec))));
}

const walk = new AvlWalk();

function blocksOf(frame: Buffer): Block[] {
  const codec = frame[8] ?? 0;
  return walk.read(frame).map((record) => ({
    codec,
    io: frame.subarray(record.recordStart + RECORD_HEAD_BYTES, record.recordEnd),
  }));
}

const published = z.object({ transport: z.string(), kind: z.string(), valid: z.boolean(), hex: z.string() });
const folder = process.env['ODOGRAPH_VECTORS'] ?? join(repositoryRoot(), '../shared/reference');
const vectors = join(folder, 'vectors.jsonl');

(existsSync(vectors) ? it : it.skip)('reads every published vector as the codec does', async () => {
  const blocks = readFileSync(vectors, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => published.parse(JSON.parse(line)))
    .filter(({ transport, kind, valid }) => transport === 'tcp' && kind === 'avl' && valid)
    .flatMap(({ hex }) => blocksOf(Buffer.from(hex, 'hex')));
  expect(new Set(blocks.map(({ codec }) => codec))).toEqual(new Set([CODEC_8, CODEC_8_EXTENDED, CODEC_16]));
  expect(blocks.length).toBeGreaterThan(200);
  await expectAsCodec(blocks);
});

function elementsOf(codecId: number): fc.Arbitrary<IoElement[]> {
  const id = fc.integer({ min: 0, max: codecId === CODEC_8 ? 255 : 65_535 });
  const number = (size: 1 | 2 | 4): fc.Arbitrary<IoElement> =>
    fc.record({ id, size: fc.constant(size), value: fc.integer({ min: 0, max: 2 ** (8 * size) - 1 }) });
  const wide: fc.Arbitrary<IoElement> = fc.record({
    id,
    size: fc.constant(8 as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  const variable: fc.Arbitrary<IoElement> = fc.record({
    id,
    size: fc.constant('variable' as const),
    value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  });
  const all = [number(1), number(2), number(4), wide, ...(codecId === CODEC_8_EXTENDED ? [variable] : [])];
  return fc.array(fc.oneof(...all), { maxLength: 40 });
}

it.each([CODEC_8, CODEC_8_EXTENDED, CODEC_16] as const)('reads any block of codec %i', async (codecId) => {
  await fc.assert(
    fc.asyncProperty(fc.array(elementsOf(codecId), { minLength: 1, maxLength: 10 }), async (records) => {
      await expectAsCodec(
        blocksOf(encodeAvl({ codecId, records: records.map((io) => plainRecord(io, codecId)) })),
      );
    }),
    { numRuns: 30 },
  );
});

const plainRecord = (io: IoElement[], codecId: number) => ({
  ...(codecId === CODEC_16 ? { generationType: 5 } : {}),
  timestampMs: T0,
  priority: 0,
  longitude: 1,
  latitude: 1,
  altitudeM: 0,
  angleDeg: 0,
  satellites: 5,
  speedKmh: 0,
  eventIoId: 0,
  io,
});

it('refuses a codec that it does not know and bytes that are no whole block', async () => {
  const json = (codec: number, hex: string) =>
    readonly.query(JSON_OF, parametersOf([{ codec, io: Buffer.from(hex, 'hex') }]));
  await expect(json(12, '000000000000')).rejects.toMatchObject({ code: '22023' });
  await expect(json(8, '00000000000000')).rejects.toMatchObject({ code: 'XX001' });
  await expect(json(8, '000001')).rejects.toThrow('out of valid range');
});

it('shows positions in degrees with all their elements', async () => {
  const io = Buffer.from('00020101ff014212340000', 'hex');
  await sinkOf({ database: processor }).write([entryOf([{ ...recordOf({ second: 0 }), io }])], noFence);
  const ROWS = statement(
    'spec_position-decoded',
    'SELECT imei, longitude, latitude, speed_kmh, io FROM telemetry.position_decoded',
  );
  expect(await readonly.query(ROWS)).toEqual([
    {
      imei: '356307042441013',
      longitude: 25.3,
      latitude: 54.7,
      speed_kmh: 50,
      io: { '1': 255, '66': 0x1234 },
    },
  ]);
});
