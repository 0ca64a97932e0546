import {
  loadRecordDigest,
  shardOf,
  telemetryDeadLetterStream,
  telemetryStream,
  type TelemetryEntry,
} from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { createLogger } from '@app/common/observability';
import { RedisStreams, text, type PublishOnceRequest } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { type ParkReason } from './edge.errors';
import { StoreWatch } from './store-watch';
import { keepFrame } from './frame-sink';
import { StreamFrameSink } from './stream-frame-sink';
import { forged, frameOf, IMEI } from './session.testing';

/* Dead letters of the edge on a real Redis: each once, whatever became of the answers. */

const SHARDS = 16;
const servers = testServers();
const logger = createLogger({ app: 'spec', level: 'silent' });
const undecodable: ParkReason = {
  ...{ code: 'FRAME_UNDECODABLE', message: 'the counts differ', attempts: 1, firstFailedAtMs: 1 },
};

let streams: RedisStreams;
/** Runs behind each publishing that Redis has done, in the place of its answer. */
let answer: () => void;
let digest: (bytes: Uint8Array) => bigint;
let sink: StreamFrameSink;

beforeAll(async () => {
  streams = new RedisStreams({
    ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5000 },
  });
  await streams.start();
  digest = await loadRecordDigest();
});
afterAll(() => streams.close());
beforeEach(async () => {
  answer = () => undefined;
  const store = {
    series: streams.series.bind(streams),
    publishOnce: async (request: PublishOnceRequest) => {
      const published = await streams.publishOnce(request);
      answer();
      return published;
    },
  };
  sink = new StreamFrameSink(store, new StoreWatch(logger), SHARDS, digest);
  await streams.commands.onEach((redis) => redis.flushall());
});

const entryOf = (frame: Buffer, imei = IMEI): TelemetryEntry => ({
  ...{ imei, transport: 'tcp', receivedAtMs: 1, peer: '127.0.0.1:1', frame },
});
const SHARD = shardOf(IMEI, SHARDS);
/** Another device whose letters are in the same stream. */
const NEIGHBOUR = Array.from({ length: 1_000 }, (_, n) => String(Number(IMEI) + 1 + n)).find(
  (imei) => shardOf(imei, SHARDS) === SHARD,
);
const letters = () => streams.range(telemetryDeadLetterStream(SHARD), '-', '+', 100);
const lost = (): never => {
  throw new OdographError('REDIS_UNREACHABLE', { detail: 'the answer was lost' });
};

it('leaves one letter where the answers are lost and the edge repeats', async () => {
  let calls = 0;
  answer = () => (++calls < 3 ? lost() : undefined);
  const frame = forged({ n1: 5 });
  const park = () => sink.park(entryOf(frame), undecodable);
  await expect(park()).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
  await expect(park()).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
  await park();
  const kept = await letters();
  expect(kept.map((letter) => text(letter, 'source_id'))).toEqual([`${IMEI}:${digest(frame)}`]);
  expect(kept[0]?.fields.get('frame')).toEqual(frame);
});

it('takes the same frame of a device for the same letter, and another frame or device for another', async () => {
  const [one, two] = [frameOf(1), frameOf(2)];
  for (const frame of [one, two, one, two]) await sink.park(entryOf(frame), undecodable);
  await sink.park(entryOf(one, NEIGHBOUR), undecodable);
  expect((await letters()).map((letter) => [text(letter, 'imei'), letter.fields.get('frame')])).toEqual([
    [IMEI, one],
    [IMEI, two],
    [NEIGHBOUR, one],
  ]);
});

it('forgets a letter after a day, and does not mix letters with frames', async () => {
  await sink.park(entryOf(frameOf(1)), undecodable);
  const lane = sink.lane(entryOf(frameOf(1)));
  await keepFrame(lane, frameOf(1), 1);
  await keepFrame(lane, frameOf(1), 1);
  expect(await streams.range(telemetryStream(SHARD), '-', '+', 100)).toHaveLength(2);
  const [keys = []] = await streams.commands.onEach((redis) => redis.keys('*:once:*'));
  expect(keys).toHaveLength(1);
  const [leftMs] = await streams.commands.onEach((redis) => redis.pttl(keys[0] ?? ''));
  expect(leftMs).toBeGreaterThan(86_400_000 - 60_000);
  expect(leftMs).toBeLessThanOrEqual(86_400_000);
});

it('rejects where the store refuses the letter', async () => {
  const dead = telemetryDeadLetterStream(SHARD);
  await streams.commands.run(dead, (redis) => redis.set(dead, 'no stream'));
  await expect(sink.park(entryOf(frameOf(1)), undecodable)).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
});
