import { z } from 'zod';
import { companionKey, CONTRACT_VERSION, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { addedAtMs, type StreamAppender, type StreamOperations, textFields } from '@app/common/streams';
import databasePosition from './sql/database-position.sql';

const POSITION = statement('intents.database-position', databasePosition);

/** Beside the intents: where the database stood when intents were acknowledged. */
export const INTENT_MARKS = companionKey(NOTIFICATION_INTENTS, 'marks');
/** More than instances leave between two looks at them. */
const KEPT_MARKS = 500;
/** For so long no record that was accepted is deleted for its age. */
const RECORDS_STAY_MS = 24 * 3_600_000;

const markSchema = z.object({
  /** Every intent up to now was offered to the database again: marks before this one say nothing any more. */
  kind: z.enum(['accepted', 'offered_again']),
  /** pg_control_system().system_identifier: every copy of a database keeps it. */
  system: z.string(),
  /** Eight hexadecimal digits; a promotion or a recovery to a point in time begins a new one. */
  timeline: z.string(),
  /** Bytes from the beginning of the log. */
  lsn: z.string().regex(/^\d+$/).transform(BigInt),
  /** A record that was there; empty where there is none to name. */
  notification_id: z.string(),
});
type Mark = z.infer<typeof markSchema>;

interface Position extends Record<string, unknown> {
  readonly system: string;
  readonly timeline: string;
  readonly lsn: bigint;
  /** One of the records that were asked for. */
  readonly missing: string | null;
}

/**
 * By which a database is noticed that was put back to an earlier time: what it had accepted is acknowledged, so nobody
 * would read it again. A mark is left between the commit of a batch and its acknowledgement.
 */
export class StoreMarks {
  constructor(
    private readonly database: Database,
    private readonly streams: Pick<StreamAppender, 'broadcast'> & Pick<StreamOperations, 'newest'>,
  ) {}

  /** To be left before a batch is acknowledged. `notificationId`: one of the batch, where it has any. */
  async leave(kind: Mark['kind'], notificationId: string | undefined): Promise<void> {
    const { system, timeline, lsn } = await this.position([]);
    const mark = { v: CONTRACT_VERSION, kind, system, timeline, lsn: String(lsn) };
    await this.streams.broadcast(
      INTENT_MARKS,
      [{ ...mark, notification_id: notificationId ?? '' }],
      KEPT_MARKS,
    );
  }

  /** Why the database is not at or behind the place that it was seen at; undefined where it may be. */
  async regression(): Promise<string | undefined> {
    // First what was seen, then what is: the other way round a commit between the two would look like a loss.
    const marks = await this.recent();
    const named = marks.filter(({ id, atMs }) => id !== '' && Date.now() - atMs < RECORDS_STAY_MS);
    const now = await this.position([...new Set(named.map(({ id }) => id))]);
    const reasons = marks.map(({ mark }) => regressionOf(mark, now));
    const reason = reasons.find((each) => each !== undefined);
    if (reason !== undefined) return reason;
    return now.missing === null ? undefined : `it has lost the record ${now.missing}`;
  }

  /** Newest first, back to where all was offered again. */
  private async recent(): Promise<{ mark: Mark; id: string; atMs: number }[]> {
    const recent: { mark: Mark; id: string; atMs: number }[] = [];
    for (const entry of await this.streams.newest(INTENT_MARKS, KEPT_MARKS)) {
      const { data: mark } = markSchema.safeParse(textFields(entry));
      // Of a version that says it in another way.
      if (mark === undefined) continue;
      recent.push({ mark, id: mark.notification_id, atMs: addedAtMs(entry.id) });
      if (mark.kind === 'offered_again') break;
    }
    return recent;
  }

  private async position(notificationIds: readonly string[]): Promise<Position> {
    const [row] = await this.database.query<Position>(POSITION, [notificationIds]);
    if (row === undefined) throw new Error('the database does not say where its log stands');
    return row;
  }
}

function regressionOf(seen: Mark, now: Position): string | undefined {
  if (seen.system !== now.system) return `it is database system ${now.system} and was ${seen.system}`;
  if (seen.timeline !== now.timeline) return `it is on timeline ${now.timeline} and was on ${seen.timeline}`;
  if (now.lsn < seen.lsn) return `its log stands at ${now.lsn} and stood at ${seen.lsn}`;
  return undefined;
}
