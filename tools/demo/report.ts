import { type FleetStats, type Latencies } from '../../apps/ops/src/fleet';
import { differencesOf, type Account, type Difference } from './balance';
import { type Meter, type Reading } from './meter';
import { type Receivers } from './receivers';
import { grouped, milliseconds, type Screen } from './screen';

const SHOWN_OF_A_KIND = 20;

const COLUMNS = [
  ...['time', 'sent', 'acked', 'stored', 'events', 'intents', 'push', 'mail'].map((name) => ({
    name,
    width: 8,
  })),
  { name: 'row p50/p99 ms', width: 17 },
  { name: 'push p50/p99 ms', width: 17 },
];

export function liveHeader(): string {
  return COLUMNS.map(({ name, width }) => name.padStart(width)).join('');
}

export function liveLine(seconds: number, stats: FleetStats, reading: Reading, meter: Meter): string {
  const cells = [
    `${Math.round(seconds)}s`,
    ...[stats.sentRecords, stats.ackedRecords, reading.stored, reading.events].map(grouped),
    ...[reading.intents, reading.push, reading.mail].map(grouped),
    pair(meter.toRow),
    pair(meter.toPush),
  ];
  return COLUMNS.map(({ width }, index) => (cells[index] ?? '').padStart(width)).join('');
}

const pair = (latencies: Latencies): string =>
  `${milliseconds(latencies.quantile(0.5))} / ${milliseconds(latencies.quantile(0.99))}`;

const SHOWN_MAILS = 3;
/** Of a mail's text. */
const SHOWN_LINES = 6;

/** What came in at the people's own end, and how some of it reads. */
export function printReceived(screen: Screen, { pushes, mailbox: { mails } }: Receivers): void {
  screen.line();
  screen.line(`  ${'Received'.padEnd(36)}`);
  for (const [userId, count] of counted(pushes, ({ userId: user }) => user))
    screen.line(`  ${`${userId}'s client`.padEnd(36)}${grouped(count).padStart(10)} pushes`);
  for (const [to, count] of counted(mails, (mail) => mail.to))
    screen.line(`  ${to.padEnd(36)}${grouped(count).padStart(10)} mails`);
  for (const { to, subject, text } of mails.slice(-SHOWN_MAILS)) {
    screen.line();
    screen.line(`    To: ${to}`);
    screen.line(`    Subject: ${subject}`);
    for (const line of text.trim().split('\n').slice(0, SHOWN_LINES)) screen.line(`    ${line}`.trimEnd());
  }
}

function counted<T>(list: readonly T[], keyOf: (each: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const each of list) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function printBalance(screen: Screen, accounts: readonly Account[]): void {
  screen.line();
  screen.line(`  ${'Balance'.padEnd(26)}${'due'.padStart(10)}${'found'.padStart(10)}`);
  for (const { name, due, found, differences } of accounts) {
    const verdict = differences.length === 0 ? 'ok' : `${grouped(differences.length)} differ`;
    screen.line(
      `  ${name.padEnd(26)}${grouped(due).padStart(10)}${grouped(found).padStart(10)}   ${verdict}`,
    );
  }
  screen.line();
  const differences = differencesOf(accounts);
  for (const [kind, keys] of byKind(differences)) {
    screen.line(`  ${kind}: ${grouped(keys.length)}`);
    for (const key of keys.slice(0, SHOWN_OF_A_KIND)) screen.line(`    ${key}`);
    if (keys.length > SHOWN_OF_A_KIND) screen.line(`    and ${grouped(keys.length - SHOWN_OF_A_KIND)} more`);
  }
  screen.line(
    differences.length === 0
      ? '  Zero differences: every promise was kept.'
      : `  ${grouped(differences.length)} differences.`,
  );
}

export interface RunFacts {
  readonly vehicles: number;
  readonly forMs: number;
  readonly seed: number;
  readonly stats: FleetStats;
  readonly meter: Meter;
  readonly accounts: readonly Account[];
  readonly notices: readonly string[];
  readonly receivers: Receivers;
}

/** The one JSON object of `--report json`. */
export function jsonReport(facts: RunFacts): object {
  const { vehicles, forMs, seed, stats, meter, accounts, notices, receivers } = facts;
  const { mails } = receivers.mailbox;
  const differences = differencesOf(accounts);
  return {
    ok: differences.length === 0,
    ...{ vehicles, for_ms: forMs, seed },
    fleet: stats,
    bytes_to_row_ms: quantiles(meter.toRow),
    bytes_to_push_ms: quantiles(meter.toPush),
    received: {
      pushes: receivers.pushes.length,
      mails: mails.length,
      subjects: mails.slice(-SHOWN_MAILS).map(({ subject }) => subject),
    },
    balance: accounts.map(({ name, due, found, differences: own }) => ({
      ...{ name, due, found, differences: own.length },
    })),
    differences: Object.fromEntries(
      [...byKind(differences)].map(([kind, keys]) => [
        kind,
        { count: keys.length, keys: keys.slice(0, SHOWN_OF_A_KIND) },
      ]),
    ),
    notices,
  };
}

function quantiles(latencies: Latencies): object {
  return {
    samples: latencies.count,
    p50: latencies.quantile(0.5) ?? null,
    p99: latencies.quantile(0.99) ?? null,
  };
}

function byKind(differences: readonly Difference[]): Map<string, string[]> {
  const kinds = new Map<string, string[]>();
  for (const { kind, key } of differences) kinds.set(kind, [...(kinds.get(kind) ?? []), key]);
  return kinds;
}
