import { z } from 'zod';
import { OUTBOX_PARTS, OUTBOX_TOPICS, partLeaseName, type OutboxTopic } from '@app/common/contracts';
import { statement, type Transaction } from '@app/common/database';
import { type Streams } from '@app/common/streams';
import { DEFAULT_TENANT, type Change } from '../cli';
import { wakeRelay } from './outbox.service';
import { boundOf, fenceParts, highestGeneration, publishedOf, type FencedPart } from './rebase-marks';
import freePartLeases from './sql/free-part-leases.sql';
import holdGeneration from './sql/hold-generation.sql';
import holdPartLeases from './sql/hold-part-leases.sql';
import mendCursors from './sql/mend-cursors.sql';
import raiseGeneration from './sql/raise-generation.sql';
import rebaseCandidates from './sql/rebase-candidates.sql';
import rebaseCursors from './sql/rebase-cursors.sql';
import rebaseMessages from './sql/rebase-messages.sql';
import reopenLostRows from './sql/reopen-lost-rows.sql';

const STATEMENTS = {
  candidates: statement('outbox_rebase_candidates', rebaseCandidates),
  cursors: statement('outbox_rebase_cursors', rebaseCursors),
  freeLeases: statement('outbox_free_part_leases', freePartLeases),
  holdGeneration: statement('outbox_hold_generation', holdGeneration),
  holdLeases: statement('outbox_hold_part_leases', holdPartLeases),
  mend: statement('outbox_mend_cursors', mendCursors),
  messages: statement('outbox_rebase_messages', rebaseMessages),
  raise: statement('outbox_raise_generation', raiseGeneration),
  reopenLost: statement('outbox_reopen_lost_rows', reopenLostRows),
};

const PARTS = Array.from({ length: OUTBOX_PARTS }, (_, part) => part);
/** Clocks of PostgreSQL and Redis may differ, and a batch is published before its cursor moves. */
const STREAM_MARGIN_MS = 600_000;

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
  /** The stream holds less than the cursor saw acknowledged. */
  readonly isLower: boolean;
  /** When what stands behind it may have been published at the earliest; 0 where nothing is known. */
  readonly sinceMs: number;
}

export interface Rebased {
  readonly generation: string;
  /** Messages that were found behind the cursors and are not in their streams: the relay publishes them now. */
  readonly to_publish: number;
  /** Messages that were found behind the cursors and stand in their streams already. */
  readonly already_published: number;
}

/**
 * Mends the outbox of a database that was restored or promoted; see the runbook for what it does and why it may be
 * repeated.
 */
export async function rebase(transaction: Transaction, streams: Streams): Promise<Change<Rebased>> {
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
  const lower = bounds.filter(({ isLower }) => isLower);
  await transaction.query(STATEMENTS.reopenLost, [
    lower.map(({ part }) => part),
    lower.map(({ topic }) => topic),
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
    return {
      part,
      topic,
      ahead,
      isLower,
      sinceMs,
      generation: bound.generation,
      xid: bound.xid,
      id: bound.id,
    };
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
