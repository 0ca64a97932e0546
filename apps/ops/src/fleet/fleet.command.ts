import { parseDuration } from '@app/common/config';
import { OdographError } from '@app/common/errors';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { findRunningStack } from '../cli';
import { type Address } from './connection';
import { Fleet } from './fleet';
import { type FleetStats } from './fleet-stats';
import { DEMO_SCENARIO } from './scenario';

const runOptions = z.object({
  host: z.string().optional(),
  port: z.number().optional(),
  vehicles: z.number(),
  for: z.number(),
  rate: z.number(),
  seed: z.number(),
  report: z.enum(['text', 'json']),
});

/** `odo fleet run`: the simulated fleet against any edge. Exits with 1 when frames stayed unacked. */
export function registerFleetCommand(program: Command): void {
  program
    .command('fleet')
    .description('simulated vehicles')
    .command('run')
    .description('drive a fleet of simulated trackers against an edge over TCP')
    .option('--host <host>', 'the edge; default: that of the running stack')
    .option('--port <port>', 'its TCP port; default: that of the running stack', wholeNumber(1, 65_535))
    .option('--vehicles <n>', 'number of trackers', wholeNumber(1, 10_000), 50)
    .option('--for <duration>', 'how long, such as 30s or 5m', durationMs, 30_000)
    .option('--rate <n>', 'records a second of the whole fleet', wholeNumber(1, 1_000_000), 250)
    .option('--seed <n>', 'another seed gives other journeys', wholeNumber(0, 0xffff_ffff), 1)
    .addOption(
      new Option('--report <form>', 'json: one object last on stdout')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText('after', '\nExample:\n  odo fleet run --vehicles 200 --for 1m')
    .action(async (options: unknown) => runFleet(runOptions.parse(options)));
}

/** For commander: milliseconds of `30s`, `5m` and the like. */
export function durationMs(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined || milliseconds <= 0) {
    throw new InvalidArgumentError('It is no duration such as 30s or 5m.');
  }
  return milliseconds;
}

/** For commander: a whole number within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is no whole number from ${least} to ${most}.`);
  };
}

type RunOptions = z.infer<typeof runOptions>;

async function runFleet(options: RunOptions): Promise<void> {
  const address = await addressOf(options);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const { vehicles, rate, seed } = options;
  const fleet = await Fleet.create({
    ...{ ...address, vehicles, recordsPerSecond: rate, forMs: options.for, seed },
    ...{ scenario: DEMO_SCENARIO, signal: abort.signal },
  });
  const startedAt = performance.now();
  const ticker = setInterval(() => {
    process.stderr.write(`${liveLine((performance.now() - startedAt) / 1000, fleet.stats())}\n`);
  }, 1000);
  const stats = await fleet.run().finally(() => clearInterval(ticker));
  process.off('SIGINT', stop).off('SIGTERM', stop);
  report(options.report, stats, fleet.ledger.unackedFrames().length, fleet.ledger.wrongAnswers);
  if (abort.signal.aborted) process.exitCode = 130;
}

/** @throws OdographError CONFIG_INVALID where no port is given and no stack runs. */
async function addressOf({ host, port }: Pick<RunOptions, 'host' | 'port'>): Promise<Address> {
  const edge = port === undefined ? (await findRunningStack(process.cwd()))?.edge : undefined;
  const chosen = port ?? edge?.port;
  if (chosen !== undefined) return { host: host ?? edge?.host ?? '127.0.0.1', port: chosen };
  throw new OdographError('CONFIG_INVALID', {
    detail: '--port is not given and no stack runs in this folder',
  });
}

function liveLine(seconds: number, stats: FleetStats): string {
  const cell = (name: string, value: number | string, width: number): string =>
    `${name} ${String(value).padStart(width)}`;
  return [
    cell('', `${Math.round(seconds)}s`, 5),
    cell('sent', stats.sentRecords, 8),
    cell('acked', stats.ackedRecords, 8),
    cell('resent', stats.resentFrames, 5),
    cell('sessions', stats.sessions, 5),
    `ack p50 ${stats.ackP50Ms ?? '-'} ms  p99 ${stats.ackP99Ms ?? '-'} ms`,
  ].join('  ');
}

function report(form: 'text' | 'json', stats: FleetStats, unacked: number, wrong: readonly string[]): void {
  const isGood = unacked === 0 && wrong.length === 0;
  if (form === 'json') {
    process.stdout.write(`${JSON.stringify({ ...stats, unackedFrames: unacked, wrongAnswers: wrong })}\n`);
  } else {
    process.stdout.write(
      `\n${stats.ackedRecords} of ${stats.sentRecords} records acked in ${stats.sentFrames} frames over ` +
        `${stats.sessions} sessions, ${stats.resentFrames} frames sent again, ${unacked} frames unacked\n`,
    );
    for (const line of wrong) process.stdout.write(`wrong answer: ${line}\n`);
  }
  if (!isGood) process.exitCode = 1;
}
