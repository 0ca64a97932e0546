import fc from 'fast-check';
import { Registry } from 'prom-client';
import { type Database } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { testServers } from '@app/common/testing';
import { type ActiveRule } from '../domain';
import { databaseOf, entryOf, noFence, recordOf, run, sinkOf, T0 } from '../sink.testing';
import { type TelemetryRecord } from './records';
import { addRules, clearTelemetry, expectWhole } from './settled.testing';
import { type SinkService } from './sink.service';
import { StateCache } from './state-cache';

const servers = testServers();
let admin: Database;
let database: Database;
let operator: Database;
let rules: ActiveRule[];

beforeAll(() => {
  admin = databaseOf(servers.postgresUrl());
  database = databaseOf(servers.postgresUrl('odograph_processor'));
  operator = databaseOf(servers.postgresUrl('odograph_ops'));
});
afterAll(() => Promise.all([admin.stop(1000), database.stop(1000), operator.stop(1000)]));
beforeEach(async () => {
  await clearTelemetry(admin);
  rules = await addRules(admin);
});

const DEVICE = 1n;
const at = (second: number): Date => new Date(T0 + second * 1000);

async function flag(fromSecond: number, toSecond: number, isFaulty: boolean): Promise<bigint | undefined> {
  const [row] = await run<{ records: bigint }>(
    operator,
    'SELECT telemetry.flag_positions($1, $2, $3, $4, 1000) AS records',
    [DEVICE, at(fromSecond), at(toSecond), isFaulty],
  );
  return row?.records;
}

/** Slices until nothing is left; gives how many there were. */
async function settleAll(sink: SinkService): Promise<number> {
  for (let slices = 0; ; slices += 1) {
    const [device] = (await sink.resettlingDevices(0n)).devices;
    if (device === undefined) return slices;
    expect(slices).toBeLessThan(300);
    await sink.settleOn(device, noFence);
  }
}

/** Speeds, places and checkpoints that make events, jumps and agreement all frequent. */
const anyRecords = fc
  .uniqueArray(
    fc.record({
      second: fc.integer({ min: 0, max: 300 }),
      metres: fc.constantFrom(0, 190, 230, 300, 500, 60_000),
      speedKmh: fc.constantFrom(40, 82, 90, 130),
    }),
    { selector: ({ second }) => second, minLength: 1, maxLength: 50 },
  )
  .map((specs) =>
    specs.map((each) =>
      recordOf({ ...each, digest: BigInt(each.second) * (each.second % 3 === 0 ? 128n : 1n) }),
    ),
  );

/** Invalid fixes, times ahead of their arrival and beyond the calendar: kept, and move nothing. */
const anyUnjudged = fc
  .array(
    fc.record({
      second: fc.integer({ min: 0, max: 300 }),
      kind: fc.constantFrom('blind', 'ahead', 'beyond'),
    }),
    { maxLength: 8 },
  )
  .map((specs) =>
    specs.map(({ second, kind }, index) => {
      const digest = 1_000_000n + BigInt(index);
      if (kind === 'blind') return recordOf({ second, digest, satellites: 0, speedKmh: 200 });
      const timeMs = kind === 'ahead' ? T0 + second * 1000 + 120_001 : 253_402_300_800_000 + second;
      return recordOf({ second, digest, timeMs, speedKmh: 200 });
    }),
  );

const isWithin = (record: TelemetryRecord, fromSecond: number, toSecond: number): boolean =>
  record.timeMs >= T0 + fromSecond * 1000 && record.timeMs < T0 + toSecond * 1000;

const anyStep = fc.record({
  kind: fc.constantFrom('write', 'write', 'write', 'evict', 'restart', 'slice', 'slice', 'flag', 'unflag'),
  size: fc.integer({ min: 1, max: 9 }),
  second: fc.integer({ min: 0, max: 280 }),
});

describe('any order, evictions, restarts, slices and flags', () => {
  it('come to the fold over the sorted records that are shown', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRecords,
        anyUnjudged,
        fc.array(anyStep, { maxLength: 25 }),
        fc.integer({ min: 1, max: 40 }),
        async (judged, unjudged, steps, maxFoldedFixes) => {
          await clearTelemetry(admin);
          rules = await addRules(admin);
          const cache = new StateCache(1);
          const sinks = [sinkOf({ database, cache, maxFoldedFixes }), sinkOf({ database, maxFoldedFixes })];
          const waiting = [...judged, ...unjudged].sort((a, b) =>
            Number((a.digest * 7919n - b.digest * 7919n) % 101n),
          );
          const written: TelemetryRecord[] = [];
          const hidden = new Set<TelemetryRecord>();
          const write = async (records: TelemetryRecord[], turn: number) => {
            // What was hidden comes again with what is new, and stays hidden.
            await sinks[turn % 2]?.write([entryOf([...records, ...hidden])], noFence);
            written.push(...records);
          };
          for (const [turn, { kind, size, second }] of steps.entries()) {
            if (kind === 'write') await write(waiting.splice(0, size), turn);
            if (kind === 'evict') cache.drop([DEVICE]);
            if (kind === 'restart') sinks[turn % 2] = sinkOf({ database, maxFoldedFixes });
            if (kind === 'slice') {
              const [device] = (await sinks[0]?.resettlingDevices(0n))?.devices ?? [];
              if (device !== undefined) await sinks[turn % 2]?.settleOn(device, noFence);
            }
            if (kind !== 'flag' && kind !== 'unflag') continue;
            if (written.length === 0) continue;
            await flag(second, second + 40, kind === 'flag');
            for (const record of written.filter((each) => isWithin(each, second, second + 40))) {
              if (kind === 'flag') hidden.add(record);
              else hidden.delete(record);
            }
          }
          await write([...waiting, recordOf({ second: 400, digest: 7n })], 0);
          await settleAll(sinkOf({ database, maxFoldedFixes }));
          await expectWhole(
            admin,
            written.filter((record) => !hidden.has(record)),
            rules,
          );
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);
});
