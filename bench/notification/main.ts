import { loadavg } from 'node:os';
import { median, round, say } from '../shared/figures';
import { APPEND_ROLE, AppendLimit, serveAppends } from './append-limit';
import { Apps } from './apps';
import { countWrites } from './counters';
import { steadyLatency, withSecondInstance } from './half-load';
import { INSERT_ROLE, InsertLimit, serveInserts } from './insert-limit';
import { type Bench, judge, type Judged, warmUp } from './judge';
import { measureLookups, medians } from './lookups';
import { ratiosOf, report, type RestFigures } from './report';
import { NotificationServers } from './servers';
import { measureUrgent } from './urgent';
import { serveUsers, USER_SERVICE_ROLE } from './user-service';

const INTENTS = Number(process.env['BENCH_INTENTS'] ?? 10_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const STEADY_MS = Number(process.env['BENCH_STEADY_MS'] ?? 5_000);
const LOOKUP_INTENTS_PER_S = 200;
const LOOKUPS_MS = 2 * STEADY_MS;
/** Of latencies; each takes some seconds. */
const LATENCY_ROUNDS = Math.min(3, ROUNDS);
const WAITING_ROUTES = 20_000;
/** NOTIFICATION_INTAKE_BATCH. */
const BATCH = Number(process.env['NOTIFICATION_INTAKE_BATCH'] ?? 200);

const PARTS = ['judged', 'counters', 'latency', 'urgent', 'lookups'] as const;
/** `judged,latency` for these parts alone. */
const wanted = new Set((process.env['BENCH_ONLY'] ?? PARTS.join(',')).split(','));
/** Intents a second, for who leaves out the rounds that say it. */
const HALF_LOAD =
  process.env['BENCH_HALF_LOAD'] === undefined ? undefined : Number(process.env['BENCH_HALF_LOAD']);
const wants = (part: (typeof PARTS)[number]): boolean => wanted.has(part);

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] ?? NaN;
  const servers = await NotificationServers.start();
  const inserts = new InsertLimit(servers);
  const appends = new AppendLimit(servers);
  try {
    const apps = await Apps.start(servers, 1);
    const bench: Bench = { servers, inserts, appends, apps, intents: INTENTS, batch: BATCH };
    const judged: Judged[] = [];
    let rest: RestFigures = {};
    try {
      say(`rows of ${INTENTS} intents: ${JSON.stringify(await warmUp(bench))}`);
      if (wants('judged')) await measureRounds(bench, judged);
      rest = await measureRest(bench, HALF_LOAD ?? median(judged.map(({ atOnce }) => atOnce.perS)) / 2);
    } finally {
      await apps.stop();
    }
    if (wants('lookups')) {
      const rounds = { rounds: LATENCY_ROUNDS, forMs: LOOKUPS_MS };
      rest = { ...rest, lookups: await measureLookups(servers, LOOKUP_INTENTS_PER_S, rounds) };
    }
    report(judged, rest, {
      ...{ intents: INTENTS, rounds: ROUNDS, batch: BATCH },
      ...{ loadBefore: round(loadBefore, 1), loadAfter: round(loadavg()[0] ?? NaN, 1) },
    });
  } finally {
    appends.end();
    inserts.end();
    await servers.stop();
  }
}

/** The first round warms up and does not count. */
async function measureRounds(bench: Bench, judged: Judged[]): Promise<void> {
  for (let number = 0; number <= ROUNDS; number += 1) {
    const each = await judge(bench);
    if (number > 0) judged.push(each);
    say(lineOf(number, each));
  }
}

function lineOf(number: number, judged: Judged): string {
  const { inserted, appended, accepted, published, atOnce } = judged;
  const ratios = ratiosOf(judged);
  const cpu = (us: Readonly<Record<string, number>>): string =>
    Object.entries(us)
      .map(([part, each]) => `${part} ${each.toFixed(0)}`)
      .join(', ');
  return (
    `round ${number}: inserts ${inserted.perS.toFixed(0)} intents/s (${cpu(inserted.cpuUs)}), ` +
    `accepted ${accepted.perS.toFixed(0)} (${ratios.accepted.toFixed(2)}; ${cpu(accepted.cpuUs)}); ` +
    `appends ${appended.perS.toFixed(0)} routes/s (${cpu(appended.cpuUs)}), ` +
    `published ${published.perS.toFixed(0)} (${ratios.published.toFixed(2)}; ${cpu(published.cpuUs)}); ` +
    `at once ${atOnce.perS.toFixed(0)} intents/s (${ratios.atOnce.toFixed(2)}; ${cpu(atOnce.cpuUs)})`
  );
}

async function measureRest(bench: Bench, halfLoadPerS: number): Promise<RestFigures> {
  const { servers } = bench;
  let rest: RestFigures = {};
  if (wants('latency')) {
    const rounds = { rounds: LATENCY_ROUNDS, forMs: STEADY_MS };
    const steady = async () => medians(await steadyLatency(servers, halfLoadPerS, rounds));
    const oneInstanceMs = await steady();
    const twoInstancesMs = await withSecondInstance(servers, steady);
    rest = { ...rest, halfLoad: { intentsPerS: Math.round(halfLoadPerS), oneInstanceMs, twoInstancesMs } };
    say(`half load: ${JSON.stringify(rest.halfLoad)}`);
  }
  if (wants('urgent')) {
    rest = { ...rest, urgent: await measureUrgent(bench, WAITING_ROUTES) };
    say(`urgent: ${JSON.stringify(rest.urgent)}`);
  }
  if (wants('counters')) {
    const { figures, statements } = await countWrites(bench);
    rest = { ...rest, counters: figures };
    for (const { query, calls, msACall, usAnIntent, walBytesAnIntent } of statements) {
      say(
        `${usAnIntent.toFixed(1)} us an intent, ${msACall.toFixed(2)} ms a call, ${calls} calls, ` +
          `${walBytesAnIntent.toFixed(0)} B of WAL an intent: ${query.slice(0, 110)}`,
      );
    }
    say(`counters: ${JSON.stringify(figures)}`);
  }
  return rest;
}

const [, , role] = process.argv;
if (role === INSERT_ROLE) serveInserts();
else if (role === APPEND_ROLE) serveAppends();
else if (role === USER_SERVICE_ROLE) serveUsers();
else void main();
