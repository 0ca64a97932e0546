import { fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { EdgeUnderTest } from '../edge/edge-under-test';
import { BUFFERED, frameOf } from '../edge/frame';
import { imeiOf } from '../shared/device';
import { round, say } from '../shared/figures';
import { machine } from '../shared/machine';
import { StormDevice } from './storm-device';

const DEVICES = 10_000;
const ARRIVAL_MS = 28_000;
const FRAMES_EACH = 15;
const TARGET_LOGIN_P99_MS = 2_000;
const TARGET_ACK_MS = 5_000;
/** Devices come in groups, since a timer for each would be late anyway. */
const GROUP_EVERY_MS = 10;

interface Outcome {
  readonly loginP50Ms: number;
  readonly loginP99Ms: number;
  readonly loginMaxMs: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly ackMaxMs: number;
  /** From the first connection to the last ack. */
  readonly drainMs: number;
  readonly lastLoginMs: number;
}

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] ?? NaN;
  const edge = await EdgeUnderTest.start({ devices: DEVICES });
  try {
    const load = fork(process.argv[1] ?? '', ['load', String(edge.port)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = once(load, 'exit').then(() => {
      throw new Error('the load ended before its time');
    });
    const [outcome] = (await Promise.race([once(load, 'message'), ended])) as [Outcome];
    const kept = await edge.kept();
    if (kept < DEVICES * FRAMES_EACH)
      throw new Error(`${kept} frames are kept of ${DEVICES * FRAMES_EACH} acked`);
    report(outcome, kept, loadBefore);
    load.disconnect();
    ended.catch(() => undefined);
  } finally {
    await edge.stop();
  }
}

function report(outcome: Outcome, kept: number, loadBefore: number): void {
  const recordsEach = FRAMES_EACH * BUFFERED.records;
  const isMet = outcome.loginP99Ms < TARGET_LOGIN_P99_MS && outcome.ackMaxMs <= TARGET_ACK_MS;
  say(
    `${DEVICES} logins in ${round(outcome.lastLoginMs / 1000, 1)} s, each with ${recordsEach} records in ${FRAMES_EACH} frames`,
    `login p50 ${round(outcome.loginP50Ms, 1)} ms, p99 ${round(outcome.loginP99Ms, 1)} ms, max ${round(outcome.loginMaxMs, 1)} ms`,
    `ack p50 ${round(outcome.ackP50Ms, 1)} ms, p99 ${round(outcome.ackP99Ms, 1)} ms, max ${round(outcome.ackMaxMs, 1)} ms`,
    `drained after ${round(outcome.drainMs / 1000, 1)} s; ${isMet ? 'within' : 'BEYOND'} the limits`,
  );
  const figures = Object.entries(outcome).map(([name, value]: [string, number]) => [name, round(value, 1)]);
  process.stdout.write(
    `${JSON.stringify({
      name: 'storm',
      ...{
        value: round(outcome.loginP99Ms, 1),
        limit: TARGET_LOGIN_P99_MS,
        unit: 'ms, p99 of the login reply',
      },
      ...{ isMet, limitAckMs: TARGET_ACK_MS },
      ...(Object.fromEntries(figures) as Record<string, number>),
      conditions: {
        ...machine(),
        ...{
          devices: DEVICES,
          recordsEach,
          framesEach: FRAMES_EACH,
          frameBytes: frameOf(BUFFERED).length,
          kept,
        },
        ...{ arrivalMs: ARRIVAL_MS, redis: 'appendfsync always', ingest: 'off: the edge alone', loadBefore },
        loadAverageAfter: round(loadavg()[0] ?? NaN, 1),
      },
    })}\n`,
  );
}

async function storm(port: number): Promise<Outcome> {
  const frame = frameOf(BUFFERED);
  const devices: StormDevice[] = [];
  const startedAt = performance.now();
  while (devices.length < DEVICES) {
    const due = Math.min(DEVICES, Math.ceil(((performance.now() - startedAt) / ARRIVAL_MS) * DEVICES));
    while (devices.length < due)
      devices.push(new StormDevice(port, imeiOf(devices.length), frame, FRAMES_EACH));
    await delay(GROUP_EVERY_MS);
  }
  const lastLoginMs = performance.now() - startedAt;
  await Promise.all(devices.map(({ drained }) => drained));
  const drainMs = performance.now() - startedAt;
  const logins = devices.map(({ loginMs }) => loginMs).sort((a, b) => a - b);
  const acks = devices.flatMap(({ ackMs }) => ackMs).sort((a, b) => a - b);
  for (const device of devices) device.close();
  return {
    ...{ loginP50Ms: at(logins, 0.5), loginP99Ms: at(logins, 0.99), loginMaxMs: at(logins, 1) },
    ...{ ackP50Ms: at(acks, 0.5), ackP99Ms: at(acks, 0.99), ackMaxMs: at(acks, 1) },
    ...{ drainMs, lastLoginMs },
  };
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

if (process.argv[2] === 'load') {
  process.on('disconnect', () => process.exit(0));
  void storm(Number(process.argv[3])).then((outcome) => process.send?.(outcome));
} else void main();
