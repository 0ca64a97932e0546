import { describeError } from '@app/common/errors';
import { repositoryRoot } from '@app/common/testing';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { durationMs, wholeNumber } from '../../apps/ops/src/fleet';
import { runDemo, type DemoResult } from './demo';
import { Screen } from './screen';

const optionsSchema = z.object({
  for: z.number(),
  vehicles: z.number(),
  rate: z.number(),
  seed: z.number(),
  keep: z.boolean(),
  report: z.enum(['text', 'json']),
});

const INTERRUPTED_STATUS = 130;
const STATUS: Readonly<Record<DemoResult, number>> = {
  even: 0,
  different: 1,
  interrupted: INTERRUPTED_STATUS,
};

const program = new Command('npm run demo --')
  .description('the whole of Odograph on this machine, with a simulated fleet and a balance at the end')
  .option('--for <duration>', 'how long the fleet drives, such as 30s or 5m', durationMs, 30_000)
  .option('--vehicles <n>', 'number of trackers', wholeNumber(1, 10_000), 50)
  .option('--rate <n>', 'records a second of the whole fleet', wholeNumber(1, 1_000_000), 250)
  .option('--seed <n>', 'another seed gives other journeys', wholeNumber(0, 0xffff_ffff), 1)
  .option('--keep', 'leave everything running after the balance', false)
  .addOption(
    new Option('--report <form>', 'json: one object last on stdout, all else on stderr')
      .choices(['text', 'json'])
      .default('text'),
  );

async function main(): Promise<number> {
  const options = optionsSchema.parse(program.parse().opts());
  const isJson = options.report === 'json';
  const screen = new Screen(isJson ? process.stderr : process.stdout);
  const interrupt = interruptOnSignals(screen);
  const root = repositoryRoot();
  try {
    const onReport = (report: object): void => {
      if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
    };
    const result = await runDemo(
      { ...options, forMs: options.for },
      { root, screen, environment: process.env, signal: interrupt, onReport },
    );
    return STATUS[result];
  } catch (error) {
    if (interrupt.aborted) return INTERRUPTED_STATUS;
    screen.line();
    screen.line(`  The demo cannot go on: ${describeError(error)}`);
    return 1;
  }
}

/** The first signal ends everything in order. The second ends us at once, and our watchdogs what we started. */
function interruptOnSignals(screen: Screen): AbortSignal {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(INTERRUPTED_STATUS);
    screen.line();
    screen.line('  Ending …');
    abort.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return abort.signal;
}

void main().then((status) => {
  process.exitCode = status;
  process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
});
