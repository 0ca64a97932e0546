import { type Command } from 'commander';
import { z } from 'zod';
import { agedStreamSettings, duration, readSettings } from '@app/common/config';
import { OUTBOX_TOPICS } from '@app/common/contracts';
import {
  checkArguments,
  countField,
  formatTable,
  redisOption,
  registerVerb,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { type Finding, findingsOf } from './audit-findings';
import { type AuditMinute, MINUTE_MS, statusOf, type MinuteStatus } from './audit-minute';
import { auditOutbox } from './audit.service';

const schema = z.object({
  since: duration('1h').refine((ms) => ms > 0, 'is no time at all'),
  topic: z.enum(OUTBOX_TOPICS, `is none of ${OUTBOX_TOPICS.join(', ')}`).optional(),
  ids: countField(20),
  all: z.boolean().default(false),
});

interface MinuteRow {
  readonly minute: Date;
  readonly topic: string;
  readonly part: number;
  readonly committed: number;
  readonly published: number;
  readonly consumed: number | null;
  readonly parked: number;
  readonly skipped: number;
  readonly waiting: number;
  readonly status: MinuteStatus;
  readonly source: AuditMinute['source'];
  /** XOR of the event hashes by stage, in hexadecimal. */
  readonly hashes: Readonly<Record<'committed' | 'published' | 'consumed', string | null>>;
}

type Total = Pick<
  MinuteRow,
  'topic' | 'committed' | 'published' | 'consumed' | 'parked' | 'skipped' | 'waiting'
>;

const figures: readonly Column<Total>[] = [
  { heading: 'COMMITTED', of: ({ committed }) => committed },
  { heading: 'PUBLISHED', of: ({ published }) => published },
  { heading: 'CONSUMED', of: ({ consumed }) => consumed ?? 'unknown' },
  { heading: 'WAITING', of: ({ waiting }) => waiting },
  { heading: 'PARKED', of: ({ parked }) => parked },
  { heading: 'SKIPPED', of: ({ skipped }) => skipped },
];
const totalColumns: readonly Column<Total>[] = [{ heading: 'TOPIC', of: ({ topic }) => topic }, ...figures];
const minuteColumns: readonly Column<MinuteRow>[] = [
  { heading: 'MINUTE', of: ({ minute }) => minute },
  { heading: 'TOPIC', of: ({ topic }) => topic },
  { heading: 'PART', of: ({ part }) => part },
  ...figures,
  { heading: 'STATUS', of: ({ status }) => status },
  { heading: 'SOURCE', of: ({ source }) => source },
];

/** `odo outbox audit`. */
export function registerAudit(noun: Command, surroundings: Surroundings): void {
  redisOption(
    registerVerb(noun, surroundings, {
      usage: 'audit',
      summary: 'prove that no message was lost or doubled on its way to its reader, or name those that were',
      example: 'odo outbox audit --since 1h',
      notes:
        'Counts what was committed, published and consumed by topic, part and minute, and compares the ids. Closed hours\n' +
        'are taken from the ledger, the others are counted now: about 150 bytes of memory here for each entry of theirs.\n' +
        'Waiting and parked messages are not lost. Exits with 1 where a message is lost or doubled.',
      run: audit,
    }),
  )
    .option('--since <duration>', 'of messages written since (default: 1h)')
    .option('--topic <topic>', 'of this topic only')
    .option('--ids <n>', 'most event ids that a finding names (default: 20)')
    .option('--all', 'every minute, even those in which all is well');
}

async function audit(invocation: Invocation): Promise<void> {
  const { since, topic, ids, all } = checkArguments(schema, {}, invocation.options);
  const from = new Date(Math.floor((Date.now() - since) / MINUTE_MS) * MINUTE_MS);
  const streamKeepMs = readSettings(agedStreamSettings, invocation.environment).UPKEEP_STREAM_KEEP;
  const audited = await invocation.read((database) =>
    invocation.withStreams((streams) =>
      auditOutbox(database, streams, { from, topic, maxIds: ids, streamKeepMs }),
    ),
  );
  const minutes = audited.minutes.map((minute) => rowOf(minute, audited.asOf));
  const shown = minutes.filter(({ status }) => all || status !== 'even');
  const totals = totalsOf(minutes);
  const named = findingsOf(audited.minutes, ids);
  const findings = named.filter(({ kind }) => kind !== 'parked');
  const parked = named.filter(({ kind }) => kind === 'parked');
  const unknownHours = audited.unknownHours;
  invocation.answer(
    { from, as_of: audited.asOf, totals, findings, parked, minutes: shown, unknown_hours: unknownHours },
    () =>
      [
        formatTable(totalColumns, totals),
        shown.length === 0 ? '' : `\n${formatTable(minuteColumns, shown)}`,
        named.length === 0 ? '' : `\n${named.map(sentenceOf).join('')}`,
        findings.length === 0 ? '\nnothing is lost and nothing is doubled\n' : '',
      ].join(''),
  );
  if (unknownHours.length > 0) {
    invocation.note(
      `${unknownHours.length} hours are in no ledger and their messages are gone: nothing is said of them`,
    );
  }
  if (findings.length > 0) invocation.failQuietly();
}

function rowOf(minute: AuditMinute, asOf: Date): MinuteRow {
  const { committed, published, consumed, parked, skipped, unread } = minute;
  return {
    ...{ minute: minute.minute, topic: minute.topic, part: minute.part },
    ...{ committed: committed.count, published: published.count, consumed: consumed?.count ?? null },
    ...{ parked: parked.count, skipped: skipped.count, waiting: unread },
    ...{ status: statusOf(minute, asOf), source: minute.source },
    hashes: {
      committed: hexOf(committed.hash),
      published: hexOf(published.hash),
      consumed: consumed === null ? null : hexOf(consumed.hash),
    },
  };
}

const hexOf = (hash: bigint): string => BigInt.asUintN(64, hash).toString(16).padStart(16, '0');

function totalsOf(rows: readonly MinuteRow[]): Total[] {
  return OUTBOX_TOPICS.flatMap((topic) => {
    const of = rows.filter((row) => row.topic === topic);
    const sum = (figure: (row: MinuteRow) => number): number => of.reduce((all, row) => all + figure(row), 0);
    return of.length === 0
      ? []
      : [
          {
            topic,
            ...{ committed: sum((row) => row.committed), published: sum((row) => row.published) },
            consumed: of.some(({ consumed }) => consumed === null) ? null : sum((row) => row.consumed ?? 0),
            ...{ parked: sum((row) => row.parked), skipped: sum((row) => row.skipped) },
            waiting: sum((row) => row.waiting),
          },
        ];
  });
}

function sentenceOf({ kind, stage, topic, part, from, to, messages, event_ids: ids }: Finding): string {
  const names = ids.length === 0 ? 'their ids are not kept' : ids.join(', ');
  const more = ids.length > 0 && messages > ids.length ? ' and more' : '';
  const where = kind === 'parked' ? 'not lost' : `stage ${stage}`;
  return `${kind}: ${messages} of ${topic}, part ${part}, from ${from.toISOString()} to ${to.toISOString()} (${where}): ${names}${more}\n`;
}
