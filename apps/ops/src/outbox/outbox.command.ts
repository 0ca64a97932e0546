import { type Command } from 'commander';
import { maskImei } from '@app/common/observability';
import {
  ageText,
  checkArguments,
  registerVerb,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { registerAudit } from './audit-command';
import { registerLetters } from './letters.command';
import { pauseSchema, peekSchema, resumeSchema, retrySchema, skipSchema } from './outbox.schema';
import {
  pauseTopic,
  resumeTopic,
  topicStats,
  waitingRows,
  type TopicStats,
  type WaitingRow,
} from './outbox.service';
import { registerRebase } from './rebase.command';
import { registerReplay } from './replay';
import { retryRows, skipRows } from './rows';

const statsColumns: readonly Column<TopicStats>[] = [
  { heading: 'TOPIC', of: ({ topic }) => topic },
  { heading: 'PAUSED', of: ({ paused }) => paused },
  { heading: 'WAITING', of: ({ waiting }) => waiting },
  { heading: 'FOR', of: ({ oldest_waiting_ms: ms }) => ageText(ms) },
  { heading: 'PARKED', of: ({ parked }) => parked },
  { heading: 'KEYS', of: ({ parked_keys: keys }) => keys },
  { heading: 'DEAD', of: ({ dead }) => dead },
  { heading: 'TIMERS', of: ({ timers }) => timers },
  { heading: 'REPLAYS', of: ({ replays }) => replays },
  { heading: 'LEASED', of: ({ leased }) => leased },
  { heading: 'OVERDUE', of: ({ oldest_due_ms: ms }) => ageText(ms) },
];

const peekColumns: readonly Column<WaitingRow>[] = [
  { heading: 'LANE', of: ({ lane }) => lane },
  { heading: 'ROW', of: ({ row_id: row }) => row },
  { heading: 'EVENT', of: ({ event_id: id }) => id },
  { heading: 'TOPIC', of: ({ topic }) => topic },
  { heading: 'KEY', of: ({ key }) => key },
  { heading: 'KIND', of: ({ kind }) => kind },
  { heading: 'STATE', of: ({ state }) => state },
  { heading: 'NEXT', of: ({ next_attempt_at: at }) => at },
  { heading: 'ATTEMPTS', of: ({ attempts }) => attempts },
  { heading: 'WHY', of: ({ last_error: why }) => why },
];

const ROW = 'A row is named by its number (odo outbox peek) or by its event id.';

/** `odo outbox …`: what waits to be published, and what an operator may do about it. */
export function registerOutbox(program: Command, surroundings: Surroundings): void {
  const outbox = program
    .command('outbox')
    .description('messages on their way to the streams: look, hold, try again, give up, publish again');
  registerLooks(outbox, surroundings);
  registerHolds(outbox, surroundings);
  registerVerb(outbox, surroundings, {
    usage: 'retry <row>',
    summary: 'publish a waiting or dead row now, with its attempts counted from zero',
    example: 'odo outbox retry 17',
    notes: ROW,
    run: retry,
  });
  registerVerb(outbox, surroundings, {
    usage: 'skip <row>',
    summary: 'give a waiting or dead row up for good: what waits behind it goes on',
    example: 'odo outbox skip 17 --reason "asked for by support, ticket 4711"',
    notes: ROW,
    run: skip,
  }).requiredOption('--reason <text>', 'why, for the audit');
  registerAudit(outbox, surroundings);
  registerReplay(outbox, surroundings);
  registerRebase(outbox, surroundings);
  registerLetters(outbox, surroundings);
}

function registerLooks(outbox: Command, surroundings: Surroundings): void {
  registerVerb(outbox, surroundings, {
    usage: 'stats',
    summary: 'show of each topic what waits, for how long, and what the retry lane holds',
    example: 'odo outbox stats',
    run: stats,
  });
  registerVerb(outbox, surroundings, {
    usage: 'peek',
    summary: 'list what waits in either lane, oldest first, without taking it',
    example: 'odo outbox peek --topic fleet:events --limit 10',
    run: peek,
  })
    .option('--topic <topic>', 'of this topic only')
    .option('--key <key>', 'of this key (IMEI) only')
    .option('--kind <kind>', 'of the retry lane only: parked, timer or replay')
    .option('--limit <n>', 'how many (default: 50)')
    .option('--full', 'show keys as they are');
}

function registerHolds(outbox: Command, surroundings: Surroundings): void {
  registerVerb(outbox, surroundings, {
    usage: 'pause <topic>',
    summary: 'hold a topic: nothing of it is published, the others go on',
    example: 'odo outbox pause notification:intents --reason "mail provider is out"',
    notes: 'Messages of the topic are kept as long as it is held; nothing is lost and no order changes.',
    run: pause,
  }).requiredOption('--reason <text>', 'why, for the audit');
  registerVerb(outbox, surroundings, {
    usage: 'resume <topic>',
    summary: 'let a topic go that was held',
    example: 'odo outbox resume notification:intents',
    run: resume,
  });
}

async function stats(invocation: Invocation): Promise<void> {
  invocation.answerRows(statsColumns, await invocation.read(topicStats));
}

async function peek(invocation: Invocation): Promise<void> {
  const filter = checkArguments(peekSchema, {}, invocation.options);
  const rows = await invocation.read((database) => waitingRows(database, filter));
  invocation.answerRows(
    peekColumns,
    rows.map((row) => (filter.full ? row : { ...row, key: maskImei(row.key) })),
  );
}

async function pause(invocation: Invocation, named: string | undefined): Promise<void> {
  const { topic, reason } = checkArguments(pauseSchema, { topic: named }, invocation.options);
  const actor = invocation.actor();
  const changes = await invocation.edit('outbox.pause', async (transaction) => [
    await pauseTopic(transaction, topic, actor, reason),
  ]);
  const [{ outcome, after } = { outcome: 'unchanged', after: null }] = changes;
  const by = after === null ? '' : ` by ${after.paused_by}: ${after.reason}`;
  invocation.answer({ outcome, pause: after }, () =>
    outcome === 'added' ? `${topic} is held${by}\n` : `${topic} was held already${by}\n`,
  );
}

async function resume(invocation: Invocation, named: string | undefined): Promise<void> {
  const { topic } = checkArguments(resumeSchema, { topic: named }, invocation.options);
  const [change] = await invocation.edit('outbox.resume', async (transaction) => [
    await resumeTopic(transaction, topic),
  ]);
  invocation.answer({ outcome: change?.outcome, pause: change?.before }, () => `${topic} goes on\n`);
}

async function retry(invocation: Invocation, named: string | undefined): Promise<void> {
  const { row } = checkArguments(retrySchema, { row: named }, invocation.options);
  const changes = await invocation.edit('outbox.retry', (transaction) => retryRows(transaction, row));
  const rows = changes.map(({ before, after }) => ({ ...after, was: before?.state }));
  invocation.answer({ rows }, () =>
    rows.map(({ row_id: id, was }) => `row ${id} was ${was}, is due now\n`).join(''),
  );
}

async function skip(invocation: Invocation, named: string | undefined): Promise<void> {
  const { row, reason } = checkArguments(skipSchema, { row: named }, invocation.options);
  const changes = await invocation.edit('outbox.skip', (transaction) => skipRows(transaction, row, reason));
  const rows = changes.map(({ before, after }) => ({ ...after, was: before?.state }));
  invocation.answer({ rows }, () =>
    rows.map(({ row_id: id, was }) => `row ${id} was ${was}, is skipped\n`).join(''),
  );
}
