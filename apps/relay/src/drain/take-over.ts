import { encodeMark, OUTBOX_TOPICS, type OutboxTopic } from '@app/common/contracts';
import { type Database } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Lease, type Ownership } from '@app/common/leases';
import { fault } from '@app/common/observability';
import { type OncePublisher, type PublishedMark } from '@app/common/streams';
import { type AcknowledgedMarks, type Cursor, type CursorTable } from './cursor-table';

export interface TakeOverTools extends FenceTools {
  readonly table: Pick<CursorTable, 'load' | 'has'>;
  readonly streams: Pick<OncePublisher, 'claimMark'>;
}

export interface TakenOver {
  /** With the marks that the streams hold now. */
  readonly cursor: Cursor;
  /** Those of them that hold less than they had acknowledged: the cursor must go back to them. */
  readonly lower: AcknowledgedMarks;
}

/**
 * Takes a part over on every target stream, and only then looks at what its cursor saw acknowledged; else a
 * predecessor's call is still accepted on a stream that the new owner has not touched yet, and a message goes out twice.
 *
 * @throws OdographError LEASE_LOST when a newer owner was there already, OUTBOX_CURSOR_AHEAD when Redis or the cursor is
 * ahead of the outbox, as after a restored database.
 */
export async function takeOver(tools: TakeOverTools, lease: Lease, part: number): Promise<TakenOver> {
  const claimed = new Map<OutboxTopic, PublishedMark>();
  for (const stream of OUTBOX_TOPICS) {
    const answer = await tools.streams.claimMark({ stream, part, epoch: lease.epoch });
    if (answer.kind === 'fenced') throw await fencedOff(tools, lease, stream, answer.epoch);
    claimed.set(stream, { epoch: lease.epoch, count: answer.count, mark: answer.mark });
    fault('drain.between-claims');
  }
  const [cursor] = await tools.table.load([part]);
  if (cursor === undefined)
    throw new OdographError('SCHEMA_MISMATCH', { detail: `outbox.cursor lacks part ${part}` });
  if (cursor.ahead) throw new OdographError('OUTBOX_CURSOR_AHEAD', { detail: `the cursor of part ${part}` });
  const lower = await compare(tools, cursor, claimed);
  return { cursor: { ...cursor, acknowledged: claimed }, lower };
}

/** What Redis lost of what it had acknowledged. Refuses where Redis is ahead of the outbox. */
async function compare(
  { table }: TakeOverTools,
  { part, position, acknowledged }: Cursor,
  claimed: AcknowledgedMarks,
): Promise<AcknowledgedMarks> {
  const lower = new Map<OutboxTopic, PublishedMark>();
  for (const [topic, stored] of claimed) {
    const seen = acknowledged.get(topic);
    if (seen !== undefined && (stored.mark < seen.mark || stored.count < seen.count))
      lower.set(topic, stored);
    // A crash between publishing and moving the cursor leaves the mark ahead of it, but always at a message.
    else if (stored.mark > encodeMark(position) && !(await table.has(part, stored.mark))) {
      const detail = `the mark of part ${part} on ${topic} names no message`;
      throw new OdographError('OUTBOX_CURSOR_AHEAD', { detail });
    }
  }
  return lower;
}

export interface FenceTools {
  readonly database: Pick<Database, 'transaction'>;
  readonly ownership: Pick<Ownership, 'protect'>;
}

/**
 * Why a stream knows a newer epoch: somebody has taken the part over, or this database counts its epochs a second time.
 * The latter must not look like the former, or the part would change hands for ever and nobody would be told.
 *
 * @throws OdographError LEASE_LOST
 */
export async function fencedOff(
  { database, ownership }: FenceTools,
  lease: Lease,
  stream: string,
  epoch: bigint,
): Promise<OdographError> {
  await database.transaction((transaction) => ownership.protect(transaction, [lease]));
  const detail = `${stream} knows epoch ${epoch} of ${lease.name}, the database is at ${lease.epoch}`;
  return new OdographError('OUTBOX_CURSOR_AHEAD', { detail });
}
