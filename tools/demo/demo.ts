import { join } from 'node:path';
import { DEMO_SCENARIO, Fleet, pause, type FleetStats } from '../../apps/ops/src/fleet';
import { differencesOf, type Account } from './balance';
import { Meter } from './meter';
import { Odo } from './odo';
import { Receivers } from './receivers';
import { jsonReport, liveHeader, liveLine, printBalance, printReceived } from './report';
import { grouped, type Screen } from './screen';
import { openServers } from './servers';
import { setUpScenario } from './setup';
import { roleUrl, Stack } from './stack';
import { removeStackFile, writeStackFile } from './stack-file';
import { Watch } from './watch';

export interface DemoOptions {
  readonly forMs: number;
  readonly vehicles: number;
  /** Records a second of the whole fleet. */
  readonly rate: number;
  readonly seed: number;
  readonly keep: boolean;
}

export interface DemoContext {
  /** The checkout. */
  readonly root: string;
  readonly screen: Screen;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the demo at any moment. */
  readonly signal: AbortSignal;
  /** Given the balance and the figures, as JSON, as soon as they are there. */
  readonly onReport: (report: object) => void;
}

/** `interrupted` when it was ended before the balance. */
export type DemoResult = 'even' | 'different' | 'interrupted';

const TICK_MS = 1000;
const HEADER_EVERY = 20;

/** Everything from servers to balance; whatever it started has ended when it resolves or rejects. */
export async function runDemo(options: DemoOptions, context: DemoContext): Promise<DemoResult> {
  const cleanups: { name: string; run: () => Promise<unknown> }[] = [];
  try {
    return await run(options, context, (name, cleanup) => cleanups.unshift({ name, run: cleanup }));
  } finally {
    for (const { name, run: cleanUp } of cleanups) {
      await cleanUp().catch((error: unknown) => {
        context.screen.line(
          `  ${name} could not be ended: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
    }
  }
}

type OnEnd = (name: string, cleanup: () => Promise<unknown>) => void;

async function run(options: DemoOptions, context: DemoContext, onEnd: OnEnd): Promise<DemoResult> {
  const { screen, signal } = context;
  screen.line();
  screen.line(
    `  Odograph demo: ${options.vehicles} vehicles, ${options.rate} records/s, ${options.forMs / 1000} s`,
  );
  screen.line();
  const notices: string[] = [];
  const { stack, watch, receivers } = await startAll(context, notices, onEnd);
  if (signal.aborted) return 'interrupted';
  const { forMs, vehicles, seed } = options;
  const fleet = await Fleet.create({
    ...stack.edgeOf('processor'),
    ...{ vehicles, recordsPerSecond: options.rate, forMs, seed, scenario: DEMO_SCENARIO, signal },
  });
  const meter = await Meter.create(watch, fleet);
  const stats = await drive(fleet, meter, screen);
  if (signal.aborted) return 'interrupted';
  const accounts = await strike(fleet, watch, receivers, context);
  if (signal.aborted) return 'interrupted';
  await meter.read();
  printReceived(screen, receivers);
  printBalance(screen, accounts);
  context.onReport(jsonReport({ vehicles, forMs, seed, stats, meter, accounts, notices, receivers }));
  if (options.keep) await keep(stack, context);
  return differencesOf(accounts).length === 0 ? 'even' : 'different';
}

async function startAll({ root, screen, environment, signal }: DemoContext, notices: string[], onEnd: OnEnd) {
  const dataDir = join(root, '.data');
  const step = (name: string, result: string): void => screen.step(name, result);
  const servers = await openServers({ dataDir, environment, onStep: step });
  onEnd('the servers', () => servers.stop());
  const { databaseUrl, redisUrl } = servers;
  signal.throwIfAborted();

  const migrated = await new Odo(root, { DATABASE_URL: databaseUrl }).run('migrate', 'up');
  step('schema', migrated.trim().split('\n').at(-1) ?? '');
  signal.throwIfAborted();
  const operator = new Odo(root, { DATABASE_URL: roleUrl(databaseUrl, 'odograph_ops') });
  step('odo', await setUpScenario(DEMO_SCENARIO, join(dataDir, 'demo'), operator));
  signal.throwIfAborted();

  const logDir = join(dataDir, 'logs');
  const onNotice = (sentence: string): void => {
    notices.push(sentence);
    screen.line(`  ! ${sentence}`);
  };
  const receivers = await Receivers.open(DEMO_SCENARIO);
  onEnd('the mail server', () => receivers.close());
  const settings = { notification: receivers.settings };
  const stack = new Stack({ root, databaseUrl, redisUrl, logDir, restartDead: true, onNotice, settings });
  onEnd('an app', () => stack.stop());
  await stack.start();
  const stackFile = join(dataDir, 'stack.json');
  onEnd('the stack file', () => Promise.resolve(removeStackFile(stackFile)));
  writeStackFile(stackFile, stack.addresses);
  const { edge, probes } = stack.addresses;
  for (const [name, port] of Object.entries(probes)) {
    step(
      name,
      `http://127.0.0.1:${port}/health${name === 'processor' ? `, devices on ${edge.host}:${edge.port}` : ''}`,
    );
  }
  await receivers.connect();
  step('push', `${receivers.gatewayUrl}, ${DEMO_SCENARIO.users.length} clients connected`);
  step('mail', `${receivers.mailbox.url}, a mail server in this process`);
  const watch = await Watch.open({ databaseUrl, redisUrl });
  onEnd('the view into the stores', () => watch.close());
  return { stack, watch, receivers };
}

/** One line a second while the fleet drives. */
async function drive(fleet: Fleet, meter: Meter, screen: Screen): Promise<FleetStats> {
  const startedAt = performance.now();
  const ended = new AbortController();
  const running = fleet.run().finally(() => ended.abort());
  screen.line();
  for (let tick = 1; ; tick++) {
    await pause(startedAt + tick * TICK_MS - performance.now(), ended.signal);
    // The last second is told by the balance.
    if (ended.signal.aborted) break;
    if ((tick - 1) % HEADER_EVERY === 0) screen.line(liveHeader());
    // A server that was killed for a moment costs a line, not the run.
    const reading = await meter.read().catch(() => meter.lastReading);
    screen.line(liveLine((performance.now() - startedAt) / 1000, fleet.stats(), reading, meter));
  }
  return running;
}

async function strike(
  fleet: Fleet,
  watch: Watch,
  receivers: Receivers,
  { screen, signal }: DemoContext,
): Promise<Account[]> {
  screen.line();
  const accounts = await watch.strike(fleet, {
    signal,
    readReceipts: (imeis, mailRoutes) => receivers.receipts(imeis, mailRoutes),
    onProgress: (share, open) => screen.progress('settling', share, `${grouped(open)} still on their way`),
  });
  const open = differencesOf(accounts).length;
  screen.progressEnd(
    'settling',
    open === 0 ? 1 : 0,
    open === 0 ? 'everything has arrived' : `${grouped(open)} open`,
  );
  return accounts;
}

async function keep(stack: Stack, { screen, signal }: DemoContext): Promise<void> {
  const { databaseUrl, redisUrl, edge, probes } = stack.addresses;
  screen.line();
  screen.line('  Everything goes on running; Ctrl-C ends it.');
  screen.line();
  screen.step('PostgreSQL', databaseUrl);
  screen.step('Redis', redisUrl);
  screen.step('edge', `${edge.host}:${edge.port}`);
  for (const [name, port] of Object.entries(probes)) screen.step(name, `http://127.0.0.1:${port}/health`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
