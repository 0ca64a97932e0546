import { type Command } from 'commander';
import { z } from 'zod';
import { OUTBOX_PARTS, OUTBOX_TOPICS, partLeaseName, type OutboxTopic } from '@app/common/contracts';
import { sqlStateOf, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Streams } from '@app/common/streams';
import {
  checkArguments,
  DEFAULT_TENANT,
  numberField,
  redisOption,
  registerVerb,
  type Change,
  type Invocation,
  type Surroundings,
} from '../cli';
import { wakeRelay } from './outbox.service';
import { boundOf, fenceParts, highestGeneration, publishedOf, type FencedPart } from './rebase-marks';
import freePartLeases from './sql/free-part-leases.sql';
import holdGeneration from './sql/hold-generation.sql';
import holdPartLeases from './sql/hold-part-leases.sql';
import limitLockWait from './sql/limit-lock-wait.sql';
import mendCursors from './sql/mend-cursors.sql';
import openWriters from './sql/open-writers.sql';
import raiseGeneration from './sql/raise-generation.sql';
import rebaseCandidates from './sql/rebase-candidates.sql';
import rebaseCursors from './sql/rebase-cursors.sql';
import rebaseMessages from './sql/rebase-messages.sql';

const STATEMENTS = {
  candidates: statement('outbox_rebase_candidates', rebaseCandidates),
  cursors: statement('outbox_rebase_cursors', rebaseCursors),
  freeLeases: statement('outbox_free_part_leases', freePartLeases),
  holdGeneration: statement('outbox_hold_generation', holdGeneration),
  holdLeases: statement('outbox_hold_part_leases', holdPartLeases),
  limitWait: statement('outbox_limit_lock_wait', limitLockWait),
  mend: statement('outbox_mend_cursors', mendCursors),
  messages: statement('outbox_rebase_messages', rebaseMessages),
  raise: statement('outbox_raise_generation', raiseGeneration),
  writers: statement('outbox_open_writers', openWriters),
};

const PARTS = Array.from({ length: OUTBOX_PARTS }, (_, part) => part);
const LOCK_NOT_AVAILABLE = '55P03';
/** A statement may stay unanswered for 30 s before its connection counts as lost. */
const LONGEST_WAIT_S = 25;
/** Clocks of PostgreSQL and Redis may differ, and a batch is published before its cursor moves. */
const STREAM_MARGIN_MS = 600_000;

const rebaseSchema = z.object({
  wait_s: numberField({ min: 1, max: LONGEST_WAIT_S, whole: true }).default(10),
});

const marksSchema = z.partialRecord(
  z.enum(OUTBOX_TOPICS),
  z.looseObject({ count: z.number().int(), mark: z.string() }),
);

interface CursorRow {
  readonly part: number;
  readonly generation: bigint;
  readonly xid: bigint;
  readonly id: bigint;
  readonly acknowledged: unknown;
  readonly updated_at: Date;
  readonly current_generation: bigint;
  readonly ahead: boolean;
}

/** Where a message counts as published in front of it, per part and topic. */
interface Bound {
  readonly part: number;
  readonly topic: OutboxTopic;
  readonly generation: bigint;
  readonly xid: bigint;
  readonly id: bigint;
  readonly ahead: boolean;
  /** When what stands behind it may have been published at the earliest; 0 where nothing is known. */
  readonly sinceMs: number;
}

interface Rebased {
  readonly generation: string;
  /** Messages that were found behind the cursors and are not in their streams: the relay publishes them now. */
  readonly to_publish: number;
  /** Messages that were found behind the cursors and stand in their streams already. */
  readonly already_published: number;
}

/** `odo outbox rebase`: after a database that was restored or promoted. */
export function registerRebase(outbox: Command, surroundings: Surroundings): void {
  redisOption(
    registerVerb(outbox, surroundings, {
      usage: 'rebase',
      summary: 'let the relay go on with a database that was restored or promoted (OUTBOX_CURSOR_AHEAD)',
      example: 'odo outbox rebase --database-url postgres://owner@localhost/odograph',
      notes:
        "Works under the database's owner. Waits for open transactions that have appended, takes every part over, looks\n" +
        'in the streams for what stands behind the cursors, and gives what is missing there to the relay. It does no\n' +
        'harm where nothing was restored. What the lost database had published stays in the streams.',
      run,
    }),
  ).option('--wait-s <n>', `how long to wait for open transactions, at most ${LONGEST_WAIT_S} (default: 10)`);
}

async function run(invocation: Invocation): Promise<void> {
  const { wait_s: waitS } = checkArguments(rebaseSchema, {}, invocation.options);
  const changes = await invocation.withStreams((streams) => edit(invocation, streams, waitS));
  const [{ after } = { after: null }] = changes;
  if (after === null) return;
  invocation.answer(
    after,
    () =>
      `generation ${after.generation}: ${after.to_publish} messages go to their streams, ` +
      `${after.already_published} stand there already\n`,
  );
}

/** @throws OdographError STILL_IN_USE naming the transactions that were waited for. */
async function edit(
  invocation: Invocation,
  streams: Streams,
  waitS: number,
): Promise<readonly Change<Rebased>[]> {
  try {
    return await invocation.edit(
      'outbox.rebase',
      async (transaction) => {
        await transaction.query(STATEMENTS.limitWait, [`${waitS}s`]);
        return [await rebase(transaction, streams)];
      },
      { authority: 'owner' },
    );
  } catch (error) {
    if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
    const writers = await invocation.read(
      (database) => database.query<{ pid: number; application: string; open_ms: number }>(STATEMENTS.writers),
      'owner',
    );
    const names = writers.map(
      ({ pid, application, open_ms: ms }) => `${pid} (${application}, open for ${Math.round(ms / 1000)} s)`,
    );
    const detail = `transactions are open that may have appended: ${names.join(', ') || 'they ended just now'}`;
    throw new OdographError('STILL_IN_USE', { detail, cause: error });
  }
}

async function rebase(transaction: Transaction, streams: Streams): Promise<Change<Rebased>> {
  await transaction.query(STATEMENTS.holdGeneration);
  const leases = await transaction.query<{ name: string; epoch: bigint }>(STATEMENTS.holdLeases, [
    PARTS.map(partLeaseName),
  ]);
  const fenced = await fenceParts(streams, new Map(leases.map(({ name, epoch }) => [name, epoch])));
  const cursors = await transaction.query<CursorRow>(STATEMENTS.cursors);
  const bounds = cursors.flatMap((cursor) => boundsOf(cursor, fenced));
  const { published, candidates } = await findPublished(transaction, streams, bounds);

  // One for what is rewritten, one for what comes; above all that either store has seen.
  const highest = [
    ...cursors.flatMap((row) => [row.generation, row.current_generation]),
    highestGeneration(fenced),
  ].reduce((most, each) => (each > most ? each : most), 0n);
  const [moved] = await transaction.query<{ messages: number }>(STATEMENTS.messages, [
    ...boundParameters(bounds),
    published,
    highest + 1n,
  ]);
  await transaction.query(STATEMENTS.raise, [highest + 2n]);
  await transaction.query(STATEMENTS.mend, [
    fenced.map(({ part }) => part),
    fenced.map(acknowledgedOf),
    highest + 1n,
  ]);
  await transaction.query(STATEMENTS.freeLeases, [
    fenced.map(({ part }) => partLeaseName(part)),
    fenced.map(({ epoch }) => epoch),
  ]);
  await wakeRelay(transaction);
  const toPublish = moved?.messages ?? 0;
  return {
    outcome: 'updated',
    ...{ tenantId: DEFAULT_TENANT, subject: 'outbox-generation', before: null },
    after: {
      generation: String(highest + 2n),
      to_publish: toPublish,
      already_published: candidates - toPublish,
    },
  };
}

function boundsOf(cursor: CursorRow, fenced: readonly FencedPart[]): readonly Bound[] {
  const { part, ahead } = cursor;
  const marks = fenced.find((each) => each.part === part)?.marks;
  const seen = marksSchema.parse(cursor.acknowledged);
  return OUTBOX_TOPICS.map((topic) => {
    const { bound, isLower } = boundOf(cursor, marks?.get(topic), seen[topic]);
    const sinceMs = ahead || isLower ? 0 : Math.max(0, cursor.updated_at.getTime() - STREAM_MARGIN_MS);
    return { part, topic, ahead, sinceMs, generation: bound.generation, xid: bound.xid, id: bound.id };
  });
}

/** Looks for the messages behind the bounds in their streams. */
async function findPublished(
  transaction: Transaction,
  streams: Streams,
  bounds: readonly Bound[],
): Promise<{ readonly candidates: number; readonly published: readonly string[] }> {
  const rows = await transaction.query<{ topic: OutboxTopic; event_id: string }>(
    STATEMENTS.candidates,
    boundParameters(bounds),
  );
  const byTopic = new Map<OutboxTopic, Set<string>>(OUTBOX_TOPICS.map((topic) => [topic, new Set()]));
  for (const { topic, event_id: eventId } of rows) byTopic.get(topic)?.add(eventId);
  const sinceMs = Math.min(...bounds.map((bound) => bound.sinceMs));
  return { candidates: rows.length, published: await publishedOf(streams, byTopic, sinceMs) };
}

function boundParameters(bounds: readonly Bound[]): unknown[] {
  return [
    bounds.map(({ part }) => part),
    bounds.map(({ topic }) => topic),
    bounds.map(({ generation }) => generation),
    bounds.map(({ xid }) => xid.toString()),
    bounds.map(({ id }) => id),
    bounds.map(({ ahead }) => ahead),
  ];
}

function acknowledgedOf({ epoch, marks }: FencedPart): string {
  const entries = [...marks].map(([topic, { count, mark }]) => [
    topic,
    { epoch: epoch.toString(), count, mark },
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}
