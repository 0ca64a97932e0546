import fc from 'fast-check';
import { testServers } from '@app/common/testing';
import { BinaryArray } from './binary-array';
import { bool, bytea, type BinaryType, int2, int4, int8, jsonb, numeric, timestamptz } from './binary-types';
import { type Database } from './database';
import { databaseFor } from './database.testing';
import { statement } from './statement';

const servers = testServers();
let database: Database;
beforeAll(() => {
  database = databaseFor(servers.postgresUrl());
});
afterAll(() => database.stop(1_000));

/** What the server has read, as its text. */
async function textsOf<Value>(type: BinaryType<Value>, values: (Value | null)[]): Promise<(string | null)[]> {
  const READ = statement(`spec_binary_${type.name}`, `SELECT $1::${type.name}[]::text[] AS texts`);
  const [row] = await database.query<{ texts: (string | null)[] }>(READ, [BinaryArray.of(type, values)]);
  return row?.texts ?? [];
}

async function expectRoundTrip<Value>(
  type: BinaryType<Value>,
  value: fc.Arbitrary<Value>,
  textOf: (value: Value) => string,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(value), { maxLength: 50 }), async (values) => {
      const texts = values.map((each) => (each === null ? null : textOf(each)));
      expect(await textsOf(type, values)).toEqual(texts);
    }),
    { numRuns: 40 },
  );
}

const MIN_INT8 = -(2n ** 63n);
const MAX_INT8 = 2n ** 63n - 1n;

it('booleans', () => expectRoundTrip(bool, fc.boolean(), String));
it('smallint', () => expectRoundTrip(int2, fc.integer({ min: -32_768, max: 32_767 }), String));
it('integer', () => expectRoundTrip(int4, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), String));
it('bigint', () =>
  expectRoundTrip(
    int8,
    fc.oneof(
      fc.bigInt({ min: MIN_INT8, max: MAX_INT8 }),
      fc.maxSafeInteger(),
      fc.constantFrom(MIN_INT8, MAX_INT8, -1, -(2 ** 32), 2 ** 32 - 1),
    ),
    String,
  ));
it('numeric', () =>
  expectRoundTrip(
    numeric,
    fc.oneof(
      fc.bigInt({ min: -(2n ** 130n), max: 2n ** 130n }),
      fc.constantFrom(0n, 10_000n, 100_000_000n, -1n),
    ),
    String,
  ));
it('bytea', () => {
  const range = fc
    .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300))
    .map(([bytes, a, b]) => ({
      bytes: Buffer.from(bytes),
      start: Math.min(a, b, bytes.length),
      end: Math.min(Math.max(a, b), bytes.length),
    }));
  return expectRoundTrip(
    bytea,
    range,
    ({ bytes, start, end }) => `\\x${bytes.subarray(start, end).toString('hex')}`,
  );
});
it('jsonb', () =>
  expectRoundTrip(jsonb, fc.string({ unit: 'grapheme' }).filter(isStorable).map(jsonOf), (json) => json));

const isStorable = (text: string): boolean => !text.includes('\0');
const jsonOf = (text: string): string => JSON.stringify(text);

it('times to the millisecond, from before 1970 to the year 9999, and both infinities', async () => {
  const READ = statement(
    'spec_binary_times',
    `SELECT array_agg(CASE WHEN isfinite(t) THEN (extract(epoch FROM t) * 1000000)::bigint::text ELSE t::text END
       ORDER BY place) AS texts FROM unnest($1::timestamptz[]) WITH ORDINALITY AS u (t, place)`,
  );
  const ms = fc.oneof(
    fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
    fc.constantFrom(0, 946_684_800_000, 946_684_799_999, 253_402_300_799_999, Infinity, -Infinity),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(ms, { minLength: 1, maxLength: 50 }), async (values) => {
      const [row] = await database.query<{ texts: string[] }>(READ, [BinaryArray.of(timestamptz, values)]);
      expect(row?.texts).toEqual(values.map(microsecondsOf));
    }),
    { numRuns: 60 },
  );
});

function microsecondsOf(ms: number): string {
  if (!Number.isFinite(ms)) return ms > 0 ? 'infinity' : '-infinity';
  return String(BigInt(ms) * 1000n);
}
