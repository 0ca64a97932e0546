import { cpuSeconds } from '../shared/process-figures';
import { type BenchServer } from '../sink/server';
import { RECORDS_A_FRAME } from '../shared/records';
import { commitLatencies, liveLatenciesMs } from './latencies';
import { LiveWatch } from './live-watch';
import { type Percentiles, percentiles } from './percentiles';
import { type ProcessorUnderTest } from './processor';
import { LoadWorker } from './worker';

/** Frames acked and not stored yet that the load lets stand, so that the stream does not grow over the run. */
const STANDING_FRAMES = Number(process.env['BENCH_STANDING_FRAMES'] ?? 600);
const STEP_MS = 20;
const WARM_UP_MS = 5_000;
/** The devices' clocks: far enough behind ours for what they send faster than time. */
const START_AGO_MS = 20 * 60 * 60 * 1000;

export interface RunFigures {
  readonly devices: number;
  readonly tableRows: number;
  readonly recordsPerS: number;
  readonly ackMs: Percentiles;
  readonly committedMs: Percentiles;
  readonly liveMs: Percentiles;
  /** Of the seconds of the window by the records' arrival: the highest of their maxima to the committed row. */
  readonly worstSecondMs: number;
  /** Microseconds of CPU for a record. */
  readonly cpuUs: Readonly<Record<'processor' | 'postgres' | 'redis' | 'load', number>>;
}

export interface RunOptions {
  readonly devices: number;
  readonly windowMs: number;
  /** Records a second; as many as are stored where it is not given. */
  readonly recordsPerS?: number;
}

/** One run against the processor: warms up, measures, and waits until everything acked is stored. */
export async function run(
  server: BenchServer,
  processor: ProcessorUnderTest,
  { devices, windowMs, recordsPerS }: RunOptions,
): Promise<RunFigures> {
  const tableRows = await server.countOf('telemetry.position');
  const live = await LiveWatch.start(processor.redis.url);
  const load = new LoadWorker();
  await load.connect(processor.edgePort, devices, Date.now() - START_AGO_MS);
  const already = await processor.progress();
  const ackMs: number[] = [];
  let acked = 0;
  const drive = async (forMs: number): Promise<void> => {
    const endsAt = performance.now() + forMs;
    while (performance.now() < endsAt) {
      const standing = recordsPerS === undefined ? await processor.standingFrames() : 0;
      const allowed = recordsPerS === undefined ? acked - standing + STANDING_FRAMES : allowedAt(recordsPerS);
      const figures = await load.allow(allowed);
      acked = figures.acked;
      ackMs.push(...figures.ackMs);
      await elapse(STEP_MS);
    }
  };
  const startedAt = performance.now();
  const allowedAt = (rate: number): number =>
    Math.ceil(((performance.now() - startedAt) * rate) / 1000 / RECORDS_A_FRAME);
  await drive(WARM_UP_MS);
  ackMs.length = 0;
  live.take();
  const pids = { processor: processor.pid, redis: processor.redis.pid, load: load.pid };
  const before = await snapshot(server, processor, pids);
  await drive(windowMs);
  const after = await snapshot(server, processor, pids);
  const sightings = live.take();
  await stored(processor, already.frames, load, () => acked);
  await load.end();
  await live.stop();
  const records = after.records - before.records;
  const us = (part: keyof typeof after.cpu): number => ((after.cpu[part] - before.cpu[part]) * 1e6) / records;
  return {
    devices,
    tableRows,
    recordsPerS: (records * 1000) / (after.at - before.at),
    ackMs: percentiles(ackMs),
    ...(await commitLatencies(server, before.wallMs, after.wallMs)),
    liveMs: percentiles(await liveLatenciesMs(server, sightings)),
    cpuUs: { processor: us('processor'), postgres: us('postgres'), redis: us('redis'), load: us('load') },
  };
}

async function snapshot(
  server: BenchServer,
  processor: ProcessorUnderTest,
  pids: Readonly<Record<'processor' | 'redis' | 'load', number>>,
) {
  const { records } = await processor.progress();
  return {
    records,
    at: performance.now(),
    wallMs: Date.now(),
    cpu: {
      processor: cpuSeconds(pids.processor),
      redis: cpuSeconds(pids.redis),
      load: cpuSeconds(pids.load),
      postgres: server.cpuSeconds(),
    },
  };
}

/** Everything acked must be there: no figure is worth anything without it. */
async function stored(
  processor: ProcessorUnderTest,
  already: number,
  load: LoadWorker,
  acked: () => number,
): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  for (;;) {
    // What is under way still comes in; nothing new is sent.
    const figures = await load.allow(0);
    const { frames } = await processor.progress();
    if (frames - already >= Math.max(acked(), figures.acked)) return;
    if (performance.now() > giveUpAt) {
      throw new Error(`${figures.acked} frames were acked, ${frames - already} are stored`);
    }
    await elapse(STEP_MS);
  }
}

const elapse = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
