import { shardOf } from '@app/common/contracts';
import { eventually } from '@app/common/testing';
import { run } from '../sink.testing';
import { at, imeiOf, ingestSuite } from './ingest-suite.testing';
import { frameOf, SHARDS, START_MS } from './ingest.testing';

const suite = ingestSuite();
const { started, send, stored, allAcked, positions } = suite;

/** Two days at one record each half minute, as a tracker keeps them when it has no network. */
const BACKLOG_RECORDS = 5760;
const PER_FRAME = 60;

interface Commit {
  readonly imei: string;
  readonly at_ms: number;
  readonly records: number;
}
const commits = (): Promise<Commit[]> =>
  run<Commit>(
    suite.admin,
    `SELECT imei, (extract(epoch FROM pg_xact_commit_timestamp(position.xmin)) * 1000)::float8 AS at_ms,
       count(*)::integer AS records
     FROM telemetry.position JOIN telemetry.device ON device.id = position.device_id
     GROUP BY imei, position.xmin ORDER BY at_ms`,
  );

const numbers = Array.from({ length: 40 }, (_, number) => imeiOf(number));
const backlogged = imeiOf(0);
/** In another shard of the one lane that there is. */
const other = numbers.find((imei) => shardOf(imei, SHARDS) !== shardOf(backlogged, SHARDS)) ?? '';

function backlogFrame(index: number): Buffer {
  return frameOf(
    ...Array.from({ length: PER_FRAME }, (_, record) => ({
      timestampMs: START_MS + (index * PER_FRAME + record) * 30_000,
      latitude: 547_000_000 + index * 100,
    })),
  );
}

it('a backlog of two days, all of it late, holds up nobody, in transactions that grow with it', async () => {
  await run(
    suite.admin,
    `INSERT INTO telemetry.rule (name, kind, settings, valid_from) VALUES ('limit', 'overspeed', '{"limit_kmh": 40}', 'epoch')`,
  );
  // Its newest record is there already: the rules run again from each batch of the backlog on.
  await send(backlogged, frameOf({ timestampMs: START_MS + BACKLOG_RECORDS * 30_000 }));
  // However slow this machine is: what is looked at here is who comes when.
  const settings = { INGEST_LANES: 1, INGEST_BATCH_RECORDS: 2000, INGEST_BATCH_TIME: 60_000 };
  const instance = await started({ settings });
  await stored(1);
  await instance.stop();
  for (let index = 0; index < BACKLOG_RECORDS / PER_FRAME; index += 1)
    await send(backlogged, backlogFrame(index));
  await started({ settings });
  await eventually(async () => (await positions()) > 1, { what: 'the backlog to be on its way' });
  const sentMs = Date.now();
  await send(other, at(1));
  await stored(1 + BACKLOG_RECORDS + 1);
  await allAcked();
  const all = await commits();
  const fresh = all.find(({ imei }) => imei === other);
  const sizes = all.filter(({ imei }) => imei === backlogged).map(({ records }) => records);
  expect(Math.max(...sizes)).toBeGreaterThan(500);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(2000);
  // At most the transaction that was open, and what had been read before it was sent.
  const between = all.filter(
    ({ imei, at_ms }) => imei === backlogged && at_ms > sentMs && at_ms < (fresh?.at_ms ?? 0),
  );
  expect(fresh).toBeDefined();
  expect(between.length).toBeLessThanOrEqual(3);
  // What is left behind it shows that it did not wait for the whole.
  expect(all.at(-1)?.imei).toBe(backlogged);
}, 60_000);
