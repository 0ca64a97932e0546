import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_TELEMETRY_SHARDS, shardLeaseName, shardOf } from '@app/common/contracts';
import { statement } from '@app/common/database';
import { eventually, testServers } from '@app/common/testing';
import { CODEC_8_EXTENDED, encodeAvl } from '@app/teltonika-codec';
import { TestDevice } from '../../apps/processor/src/edge/device.testing';
import { System } from './system.testing';

/** Two days at a record each second, as a tracker keeps them that had no network. */
const BACKLOG_RECORDS = 2 * 86_400;
const PER_FRAME = 50;
/** What is promised to everybody else. */
const LONGEST_MS = 2000;
/** More often than once a second only to look more often. */
const FRESH_EVERY_MS = 200;

const imeiOf = (number: number): string => String(356_307_042_900_000 + number);
const uploader = imeiOf(0);
const inItsShard = (imei: string): boolean =>
  shardOf(imei, DEFAULT_TELEMETRY_SHARDS) === shardOf(uploader, DEFAULT_TELEMETRY_SHARDS);
/** Behind the uploader in the same stream. */
const neighbour = Array.from({ length: 200 }, (_, number) => imeiOf(number + 1)).find(inItsShard) ?? '';

const DAYS = statement('e2e_backlog_days', 'SELECT telemetry.ensure_position_partitions(3, 2)');
const STORED = statement(
  'e2e_backlog_stored',
  `SELECT count(*)::integer AS n FROM telemetry.position JOIN telemetry.device ON device.id = device_id
   WHERE imei = $1 AND time >= to_timestamp($2::double precision / 1000)`,
);
const COMMITS = statement(
  'e2e_backlog_commits',
  `SELECT (extract(epoch FROM time) * 1000)::double precision AS "timeMs",
          (extract(epoch FROM pg_xact_commit_timestamp(position.xmin)) * 1000)::double precision AS "committedAtMs"
   FROM telemetry.position JOIN telemetry.device ON device.id = device_id
   WHERE imei = $1`,
);

const OWNER = statement(
  'e2e_backlog_owner',
  'SELECT owner FROM ops.lease WHERE name = $1 AND expires_at > clock_timestamp()',
);
const lease = shardLeaseName(shardOf(uploader, DEFAULT_TELEMETRY_SHARDS));

function frameOf(...timesMs: readonly number[]): Buffer {
  const records = timesMs.map((timestampMs) => ({
    ...{ timestampMs, priority: 0 as const, longitude: 253_000_000, latitude: 547_000_000, altitudeM: 100 },
    ...{ angleDeg: 0, satellites: 9, speedKmh: 50, eventIoId: 0 },
    io: [
      { id: 239, size: 1 as const, value: 1 },
      { id: 16, size: 4 as const, value: timestampMs % 1_000_000 },
      { id: 66, size: 2 as const, value: 12_300 },
    ],
  }));
  return encodeAvl({ codecId: CODEC_8_EXTENDED, records });
}

/** Sends a frame and waits for its ack, as trackers do. */
async function exchange(device: TestDevice, frame: Buffer, records: number): Promise<void> {
  device.send(frame);
  expect(parseInt(await device.next(4), 16)).toBe(records);
}

describe('a device that uploads two days as fast as it gets acks', () => {
  const servers = testServers();
  let system: System | undefined;
  let devices: TestDevice[] = [];
  afterEach(async () => {
    for (const device of devices) device.destroy();
    devices = [];
    await system?.stop();
    system = undefined;
  });

  it('delays no fresh record of a device in its own shard by more than two seconds', async () => {
    const started = await System.start(servers, { vehicles: 1, processors: 2 });
    system = started;
    const { database } = started.watch;
    await database.query(DAYS);
    // The edge of the process that does not store this shard: it has nothing else to do.
    const owner = await eventually(
      async () => (await database.query<{ owner: string }>(OWNER, [lease]))[0]?.owner ?? false,
      {
        what: 'an owner of the shard',
      },
    );
    const { port } = started.stack.edgeOf(owner.startsWith('processor-2:') ? 'processor' : 'processor-2');
    const logIn = async (imei: string) => {
      const device = await TestDevice.loggedIn(port, imei);
      devices.push(device);
      return device;
    };
    const [upload, fresh] = [await logIn(uploader), await logIn(neighbour)];
    const stored = async (imei: string, fromMs = 0) =>
      (await database.query<{ n: number }>(STORED, [imei, fromMs]))[0]?.n ?? 0;
    const nowMs = Date.now();
    // Made before, or making them would be what takes the time.
    const frames = Array.from({ length: BACKLOG_RECORDS / PER_FRAME }, (_, frame) =>
      frameOf(
        ...Array.from(
          { length: PER_FRAME },
          (_, index) => nowMs - (BACKLOG_RECORDS - frame * PER_FRAME - index) * 1000,
        ),
      ),
    );
    // Its newest record first: all that follows is late, and its rules run again from there on.
    await exchange(upload, frameOf(nowMs), 1);

    let isOver = false;
    const ackedAtMs = new Map<number, number>();
    const drive = async (): Promise<void> => {
      while (!isOver) {
        const timeMs = Date.now();
        await exchange(fresh, frameOf(timeMs), 1);
        ackedAtMs.set(timeMs, Date.now());
        await delay(FRESH_EVERY_MS);
      }
    };
    const driven = drive();
    const startedAt = performance.now();
    for (const frame of frames) await exchange(upload, frame, PER_FRAME);
    const uploadedMs = performance.now() - startedAt;
    // It comes in order, so its last one is last; counting them all while they come would be a load of its own.
    await eventually(async () => (await stored(uploader, nowMs - 1000)) === 2, {
      ...{ what: 'all of the backlog', timeoutMs: 120_000 },
    });
    const storedMs = performance.now() - startedAt;
    isOver = true;
    await driven;
    expect(await stored(uploader)).toBe(BACKLOG_RECORDS + 1);
    await eventually(async () => (await stored(neighbour)) === ackedAtMs.size, { what: 'the fresh records' });

    const delaysMs = (await database.query<{ timeMs: number; committedAtMs: number }>(COMMITS, [neighbour]))
      .map(({ timeMs, committedAtMs }) => committedAtMs - (ackedAtMs.get(Math.round(timeMs)) ?? NaN))
      .sort((a, b) => a - b);
    const longestMs = delaysMs.at(-1) ?? NaN;
    process.stderr.write(
      `${BACKLOG_RECORDS} records uploaded in ${(uploadedMs / 1000).toFixed(1)} s, stored in ${(storedMs / 1000).toFixed(1)} s; ` +
        `${delaysMs.length} fresh records of a neighbour: median ${(delaysMs[delaysMs.length >> 1] ?? NaN).toFixed(0)} ms, ` +
        `longest ${longestMs.toFixed(0)} ms from ack to row\n`,
    );
    expect(delaysMs.length).toBeGreaterThan(3);
    expect(longestMs).toBeLessThan(LONGEST_MS);
  }, 240_000);
});
