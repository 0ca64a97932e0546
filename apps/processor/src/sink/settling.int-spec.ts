import fc from 'fast-check';
import { Registry } from 'prom-client';
import { CommitOutcomeUnknown, Database, type Transaction } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { type ActiveRule } from '../domain';
import { databaseOf, entryOf, noFence, quiet, recordOf, run, sinkOf, T0 } from '../sink.testing';
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
      speedKmh: fc.constantFrom(null, 40, 82, 90, 130),
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

const countOf = async (table: string, condition = 'true'): Promise<number> => {
  const rows = await run<{ n: number }>(
    admin,
    `SELECT count(*)::integer AS n FROM ${table} WHERE ${condition}`,
  );
  return rows[0]?.n ?? 0;
};

async function statesBy(registry: Registry, result: string): Promise<number> {
  const found = await registry.getSingleMetric('odograph_sink_device_states_total')?.get();
  return found?.values.find(({ labels }) => labels['result'] === result)?.value ?? 0;
}

describe('states in memory', () => {
  const drive = (...seconds: number[]) => [
    entryOf(seconds.map((second) => recordOf({ second, metres: 500, speedKmh: 90 }))),
  ];

  it('are read once, and used from then on', async () => {
    const registry = new Registry();
    const sink = sinkOf({ database, registry });
    for (const second of [0, 2, 4, 6]) await sink.write(drive(second), noFence);
    expect(await statesBy(registry, 'miss')).toBe(1);
    expect(await statesBy(registry, 'hit')).toBe(3);
    expect(await statesBy(registry, 'stale')).toBe(0);
  });

  it('decide nothing once somebody else has written them', async () => {
    const registry = new Registry();
    const [sink, other] = [sinkOf({ database, registry }), sinkOf({ database })];
    await sink.write(drive(0), noFence);
    await other.write(drive(2, 4), noFence);
    // From what this one remembers the episode would begin here, without the fixes in between.
    const late = recordOf({ second: 3, metres: 500, speedKmh: 60 });
    await sink.write([entryOf([late])], noFence);
    expect(await statesBy(registry, 'stale')).toBe(1);
    const records = [0, 2, 4].map((second) => recordOf({ second, metres: 500, speedKmh: 90 }));
    await expectWhole(admin, [...records, late], rules);
  });

  it('decide nothing either where nothing of the state is to be written', async () => {
    const registry = new Registry();
    const sink = sinkOf({ database, registry });
    // Checkpoints everywhere: the late record agrees with the next one, and leaves the state as it is.
    const records = Array.from({ length: 20 }, (_, second) =>
      recordOf({ second: second * 10, metres: 500, digest: BigInt(second * 128) }),
    );
    await sink.write([entryOf(records)], noFence);
    await run(admin, 'UPDATE telemetry.device_state SET version = version + 1');
    await sink.write([entryOf([recordOf({ second: 55, metres: 500 })])], noFence);
    expect(await statesBy(registry, 'stale')).toBe(1);
    expect(await run(admin, 'SELECT version FROM telemetry.device_state')).toEqual([{ version: 2n }]);
  });

  it('are read again after a commit of which nobody knows', async () => {
    const lossy = new LossyDatabase({
      url: servers.postgresUrl('odograph_processor'),
      ...{ poolSize: 2, applicationName: 'processor-spec', startupTimeoutMs: 5000, logger: quiet },
    });
    try {
      const registry = new Registry();
      const sink = sinkOf({ database: lossy, registry });
      await sink.write(drive(0), noFence);
      lossy.losesReplies = true;
      await expect(sink.write(drive(2, 4), noFence)).rejects.toThrow(CommitOutcomeUnknown);
      lossy.losesReplies = false;
      // It had happened: the same again is a repeat, and what follows goes on from there.
      await sink.write(drive(2, 4), noFence);
      await sink.write(drive(6), noFence);
      // Of the first record; and of the repeat, which was taken for new and tried again.
      expect(await statesBy(registry, 'miss')).toBe(3);
      const records = [0, 2, 4, 6].map((second) => recordOf({ second, metres: 500, speedKmh: 90 }));
      await expectWhole(admin, records, rules);
    } finally {
      await lossy.stop(1000);
    }
  });

  it('lets a restart inside a fence and in mid-trip raise nothing', async () => {
    const at = (second: number, metres: number, speedKmh: number) => recordOf({ second, metres, speedKmh });
    const arrival = [at(0, 500, 90), at(10, 400, 90), at(20, 100, 90), at(30, 90, 90)];
    await sinkOf({ database }).write([entryOf(arrival)], noFence);
    const kinds = async () =>
      (await run<{ kind: string }>(admin, 'SELECT kind FROM telemetry.event ORDER BY occurred_at')).map(
        ({ kind }) => kind,
      );
    expect(await kinds()).toEqual(['overspeed.started', 'geofence.entered']);
    const restarted = sinkOf({ database });
    for (const second of [40, 50, 60]) await restarted.write([entryOf([at(second, 80, 95)])], noFence);
    expect(await kinds()).toHaveLength(2);
    expect(await countOf('outbox.message')).toBe(2);
    const again = sinkOf({ database });
    await again.write([entryOf([at(70, 400, 50), at(80, 500, 50)])], noFence);
    expect(await kinds()).toEqual([
      ...['overspeed.started', 'geofence.entered'],
      ...['geofence.exited', 'overspeed.ended'].sort((a, b) => (a < b ? 1 : -1)),
    ]);
  });
});

describe('an event of a rule that is gone', () => {
  const limit = (change: string) => run(admin, `UPDATE telemetry.rule SET removed_at = ${change}`);
  const fast = (...seconds: number[]) =>
    seconds.map((second) => recordOf({ second, metres: 500, speedKmh: 90 }));
  const standing = async () =>
    (
      await run<{ at: Date }>(
        admin,
        'SELECT occurred_at AS at FROM telemetry.event WHERE retracted_at IS NULL ORDER BY occurred_at',
      )
    ).map((event) => (event.at.getTime() - T0) / 1000);

  it('goes with the record that decided it and comes back with it, and no other does', async () => {
    const records = [...fast(0, 2, 4), recordOf({ second: 50, metres: 500 }), ...fast(100, 102, 104)];
    await sinkOf({ database }).write([entryOf(records)], noFence);
    expect(await standing()).toEqual([0, 50, 100]);
    // The second episode turns out not to have been one, while its rule still says so.
    const late = recordOf({ second: 103, metres: 500, speedKmh: 60 });
    await sinkOf({ database }).write([entryOf([late])], noFence);
    expect(await standing()).toEqual([0, 50]);
    await limit('now()');
    await flag(0, 200, true);
    await settleAll(sinkOf({ database }));
    expect(await standing()).toEqual([]);
    await flag(0, 200, false);
    await settleAll(sinkOf({ database }));
    expect(await standing()).toEqual([0, 50]);

    await flag(4, 5, true);
    await limit('NULL');
    await settleAll(sinkOf({ database }));
    expect(await standing()).toEqual([]);
    await flag(4, 5, false);
    await sinkOf({ database }).write([entryOf([recordOf({ second: 300, metres: 500 })])], noFence);
    await settleAll(sinkOf({ database }));
    await expectWhole(admin, [...records, late, recordOf({ second: 300, metres: 500 })], rules);
  });

  it('is not brought back where settling has had the last word meanwhile', async () => {
    const sink = sinkOf({ database });
    await sink.write([entryOf(fast(0, 2, 4))], noFence);
    await flag(4, 5, true);
    await settleAll(sink);
    expect(await standing()).toEqual([]);
    // Another record decides it, and one more shows that it was not so.
    await sink.write([entryOf(fast(5))], noFence);
    expect(await standing()).toEqual([0]);
    await sink.write([entryOf([recordOf({ second: 1, metres: 500, speedKmh: 60 })])], noFence);
    expect(await standing()).toEqual([2]);
    await limit('now()');
    for (const isFaulty of [true, false]) await flag(5, 6, isFaulty);
    await settleAll(sinkOf({ database }));
    expect(await standing()).toEqual([2]);
  });
});

/** Commits, and then cannot say so. */
class LossyDatabase extends Database {
  losesReplies = false;

  override async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const result = await super.transaction(work);
    if (this.losesReplies) throw new CommitOutcomeUnknown(new Error('the reply was lost'));
    return result;
  }
}

describe('a history too long for one transaction', () => {
  const RECORDS = 6000;
  const history = Array.from({ length: RECORDS }, (_, second) =>
    recordOf({ second, metres: 500 + (second % 200), speedKmh: second % 97 < 20 ? 95 : 60 }),
  );
  const OTHER = '356307042441021';

  it('is settled in slices, beside the fresh records of this and of other devices', async () => {
    await run(admin, 'UPDATE telemetry.rule SET removed_at = now()');
    for (let start = 0; start < RECORDS; start += 2000) {
      await sinkOf({ database }).write([entryOf(history.slice(start, start + 2000))], noFence);
    }
    await run(admin, 'UPDATE telemetry.rule SET removed_at = NULL');
    const sink = sinkOf({ database, maxFoldedFixes: 500 });
    const fresh = recordOf({ second: RECORDS + 5, metres: 500 });
    const others = recordOf({ second: 0, digest: 99n });
    await sink.write([entryOf([fresh]), entryOf([others], OTHER)], noFence);
    // The latest position has moved on, the rule's view of six thousand records has not been waited for.
    expect(
      await run(
        admin,
        'SELECT last_digest, resettling IS NULL AS done FROM telemetry.device_state ORDER BY device_id',
      ),
    ).toEqual([
      { last_digest: fresh.digest, done: false },
      { last_digest: 99n, done: true },
    ]);
    const late = recordOf({ second: 100, metres: 500, speedKmh: 120, digest: 5n });
    await sink.write([entryOf([late])], noFence);
    const slices = await settleAll(sink);
    expect(slices).toBeGreaterThanOrEqual(11);
    expect(slices).toBeLessThanOrEqual(14);
    await run(admin, `DELETE FROM telemetry.device_state WHERE device_id = 2`);
    await expectWhole(admin, [...history, fresh, late], rules);
  }, 60_000);

  it('comes to the same with writers, slices and flags at once', async () => {
    const sink = sinkOf({ database, maxFoldedFixes: 100 });
    const slicer = sinkOf({ database, maxFoldedFixes: 100 });
    const records = history.slice(0, 1500);
    const order = [...records].sort(
      (a, b) => Number((a.digest * 7919n) % 211n) - Number((b.digest * 7919n) % 211n),
    );
    let isWriting = true;
    const slicing = (async () => {
      while (isWriting) await settleAll(slicer);
    })();
    const flagging = (async () => {
      for (let turn = 0; isWriting; turn += 1) {
        const from = (turn * 379) % 1400;
        await flag(from, from + 90, turn % 3 !== 2);
      }
    })();
    for (let start = 0; start < order.length; start += 60) {
      await sink.write([entryOf(order.slice(start, start + 60))], noFence);
    }
    isWriting = false;
    await Promise.all([slicing, flagging]);
    await settleAll(slicer);
    const hidden = await run<{ digest: bigint }>(admin, 'SELECT digest FROM telemetry.position WHERE faulty');
    const digests = new Set(hidden.map(({ digest }) => digest));
    expect(digests.size).toBeGreaterThan(0);
    const shown = records.filter(({ digest }) => !digests.has(digest));
    await expectWhole(admin, shown, rules);
  }, 60_000);

  it('is settled anew when an operator asks for it, or another version wrote the state', async () => {
    const sink = sinkOf({ database, maxFoldedFixes: 200 });
    const records = history.slice(0, 1000);
    await sink.write([entryOf(records)], noFence);
    await run(admin, `UPDATE telemetry.device_state SET settled = '{"v": 0}', version = version + 1`);
    await run(admin, 'DELETE FROM telemetry.rule_checkpoint');
    await run(operator, 'SELECT telemetry.request_resettling($1, NULL, NULL)', [DEVICE]);
    expect(await settleAll(sink)).toBe(5);
    await expectWhole(admin, records, rules);
    await run(admin, `UPDATE telemetry.device_state SET settled = '{"v": 0}', version = version + 1`);
    await run(admin, 'DELETE FROM telemetry.rule_checkpoint');
    const fresh = recordOf({ second: 2000, metres: 500 });
    await sinkOf({ database, maxFoldedFixes: 200 }).write([entryOf([fresh])], noFence);
    await settleAll(sink);
    await expectWhole(admin, [...records, fresh], rules);
  }, 60_000);
});
