import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { BUFFERED, frameOf } from '../edge/frame';
import { imeiOf } from '../shared/device';
import { StormDevice } from './storm-device';

export const DEVICES = 10_000;
export const ARRIVAL_MS = 28_000;
export const FRAMES_EACH = 15;
export const RECORDS_EACH = FRAMES_EACH * BUFFERED.records;
/** Devices come in groups, since a timer for each would be late anyway. */
const GROUP_EVERY_MS = 10;
/** When the devices lost their connection: late enough for partitions of today and yesterday. */
const BUFFERED_FOR_MS = 60 * 60 * 1000;

export interface StormFigures {
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

export interface Outcome {
  /** Of the first connection, by the wall clock. */
  readonly startedAtMs: number;
  readonly figures: StormFigures;
}

const LOAD = 'load';

/** All devices, from a process of its own. */
export async function raiseStorm(port: number): Promise<Outcome> {
  const load = fork(process.argv[1] ?? '', [LOAD, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(load, 'exit').then(() => {
    throw new Error('the load ended before its time');
  });
  const [outcome] = (await Promise.race([once(load, 'message'), ended])) as [Outcome];
  ended.catch(() => undefined);
  load.disconnect();
  return outcome;
}

/** True in the load's process, which this then is. */
export function isLoad(): boolean {
  const [, , role, port] = process.argv;
  if (role !== LOAD) return false;
  process.on('disconnect', () => process.exit(0));
  void storm(Number(port)).then((outcome) => process.send?.(outcome));
  return true;
}

async function storm(port: number): Promise<Outcome> {
  const startedAtMs = Date.now();
  // The same for all devices: a record's key holds its device.
  const spanMs = BUFFERED.records * 1000;
  const frames = Array.from({ length: FRAMES_EACH }, (_, number) =>
    frameOf(BUFFERED, startedAtMs - BUFFERED_FOR_MS + number * spanMs),
  );
  const devices: StormDevice[] = [];
  const startedAt = performance.now();
  while (devices.length < DEVICES) {
    const due = Math.min(DEVICES, Math.ceil(((performance.now() - startedAt) / ARRIVAL_MS) * DEVICES));
    while (devices.length < due) devices.push(new StormDevice(port, imeiOf(devices.length), frames));
    await delay(GROUP_EVERY_MS);
  }
  const lastLoginMs = performance.now() - startedAt;
  await Promise.all(devices.map(({ drained }) => drained));
  const drainMs = performance.now() - startedAt;
  const logins = devices.map(({ loginMs }) => loginMs).sort((a, b) => a - b);
  const acks = devices.flatMap(({ ackMs }) => ackMs).sort((a, b) => a - b);
  for (const device of devices) device.close();
  const figures = {
    ...{ loginP50Ms: at(logins, 0.5), loginP99Ms: at(logins, 0.99), loginMaxMs: at(logins, 1) },
    ...{ ackP50Ms: at(acks, 0.5), ackP99Ms: at(acks, 0.99), ackMaxMs: at(acks, 1) },
    ...{ drainMs, lastLoginMs },
  };
  return { startedAtMs, figures };
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
