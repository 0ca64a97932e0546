import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { EdgeUnderTest } from '../edge/edge-under-test';
import { BUFFERED, frameOf } from '../edge/frame';
import { ProcessorUnderTest } from '../pipeline/processor';
import { round, say } from '../shared/figures';
import { machine } from '../shared/machine';
import { BenchServer } from '../sink/server';
import {
  ARRIVAL_MS,
  DEVICES,
  FRAMES_EACH,
  isLoad,
  raiseStorm,
  RECORDS_EACH,
  type StormFigures,
} from './storm';

const TARGET_LOGIN_P99_MS = 2_000;
const TARGET_ACK_MS = 5_000;
const LOOK_EVERY_MS = 200;
/** `BENCH_INGEST=no`: the edge alone only. `only`: not that. */
const INGEST = process.env['BENCH_INGEST'];

interface WholeWay {
  readonly figures: StormFigures;
  /** From the first connection until every row was committed. */
  readonly committedMs: number;
  readonly rows: number;
}

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] ?? NaN;
  const alone = INGEST === 'only' ? undefined : await edgeAlone();
  const whole = INGEST === 'no' ? undefined : await wholeWay();
  const judged = alone ?? whole?.figures;
  if (judged === undefined) throw new Error('nothing was measured');
  process.stdout.write(
    `${JSON.stringify({
      name: 'storm',
      ...{ value: round(judged.loginP99Ms, 1), limit: TARGET_LOGIN_P99_MS },
      ...{ unit: 'ms, p99 of the login reply', isMet: isMet(judged), limitAckMs: TARGET_ACK_MS },
      ...(alone === undefined ? {} : rounded(alone)),
      ...(whole === undefined ? {} : { withIngest: wholeReport(whole) }),
      conditions: {
        ...machine(),
        ...{ devices: DEVICES, recordsEach: RECORDS_EACH, framesEach: FRAMES_EACH },
        ...{ frameBytes: frameOf(BUFFERED).length, arrivalMs: ARRIVAL_MS },
        ...{ redis: 'appendfsync always', postgres: 'fsync on, the same machine', loadBefore },
        loadAverageAfter: round(loadavg()[0] ?? NaN, 1),
      },
    })}\n`,
  );
}

async function edgeAlone(): Promise<StormFigures> {
  const edge = await EdgeUnderTest.start({ devices: DEVICES });
  try {
    const { figures } = await raiseStorm(edge.port);
    const kept = await edge.kept();
    if (kept < DEVICES * FRAMES_EACH)
      throw new Error(`${kept} frames are kept of ${DEVICES * FRAMES_EACH} acked`);
    tell('the edge alone', figures);
    return figures;
  } finally {
    await edge.stop();
  }
}

/** Edge, ingest and sink in one process, with PostgreSQL beside it. */
async function wholeWay(): Promise<WholeWay> {
  const server = await BenchServer.start(DEVICES);
  try {
    const processor = await ProcessorUnderTest.start(server);
    try {
      const { startedAtMs, figures } = await raiseStorm(processor.edgePort);
      // Standing is also what was read and is in an open transaction: it counts until it is acknowledged after the commit.
      while ((await processor.standingFrames()) > 0) await delay(LOOK_EVERY_MS);
      const committedMs = Date.now() - startedAtMs;
      const rows = await server.countOf('telemetry.position');
      if (rows !== DEVICES * RECORDS_EACH)
        throw new Error(`${rows} rows of ${DEVICES * RECORDS_EACH} acked records`);
      tell('with ingest and PostgreSQL', figures);
      say(`all ${rows} rows committed after ${round(committedMs / 1000, 1)} s`);
      return { figures, committedMs, rows };
    } finally {
      await processor.stop();
    }
  } finally {
    await server.stop();
  }
}

const isMet = ({ loginP99Ms, ackMaxMs }: StormFigures): boolean =>
  loginP99Ms < TARGET_LOGIN_P99_MS && ackMaxMs <= TARGET_ACK_MS;

function wholeReport({ figures, committedMs, rows }: WholeWay): Record<string, number | boolean> {
  return { ...rounded(figures), isMet: isMet(figures), committedMs: round(committedMs, 1), rows };
}

const rounded = (figures: StormFigures): Record<string, number> =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]: [string, number]) => [name, round(value, 1)]),
  );

function tell(what: string, figures: StormFigures): void {
  say(
    `${what}: ${DEVICES} logins in ${round(figures.lastLoginMs / 1000, 1)} s, each with ${RECORDS_EACH} records in ${FRAMES_EACH} frames`,
    `login p50 ${round(figures.loginP50Ms, 1)} ms, p99 ${round(figures.loginP99Ms, 1)} ms, max ${round(figures.loginMaxMs, 1)} ms`,
    `ack p50 ${round(figures.ackP50Ms, 1)} ms, p99 ${round(figures.ackP99Ms, 1)} ms, max ${round(figures.ackMaxMs, 1)} ms`,
    `last ack after ${round(figures.drainMs / 1000, 1)} s; ${isMet(figures) ? 'within' : 'BEYOND'} the limits`,
  );
}

if (!isLoad()) void main();
