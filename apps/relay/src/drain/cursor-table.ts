import { z } from 'zod';
import {
  decodeMark,
  encodeMark,
  MARK_DIGITS,
  OUTBOX_TOPICS,
  type OutboxPosition,
  type OutboxTopic,
} from '@app/common/contracts';
import { type Database, statement, type Transaction } from '@app/common/database';
import { type PublishedMark } from '@app/common/streams';
import findMessage from './sql/find-message.sql';
import loadCursors from './sql/load-cursors.sql';
import moveCursor from './sql/move-cursor.sql';
import { type OutboxMessage } from './outbox-message';
import { unpackBatch } from './packed-batch';
import readMessages from './sql/read-messages.sql';
import readMessagesApart from './sql/read-messages-apart.sql';

export { type OutboxMessage };

const STATEMENTS = {
  find: statement('drain.find-message', findMessage),
  load: statement('drain.load-cursors', loadCursors),
  move: statement('drain.move-cursor', moveCursor),
  read: statement('drain.read-messages', readMessages),
  readApart: statement('drain.read-messages-apart', readMessagesApart),
};

/** What Redis last confirmed of each target stream of a part. */
export type AcknowledgedMarks = ReadonlyMap<OutboxTopic, PublishedMark>;

/** Where a part stands: all at or below `position` is in its stream. */
export interface Cursor {
  readonly part: number;
  readonly position: OutboxPosition;
  readonly acknowledged: AcknowledgedMarks;
}

export interface LoadedCursor extends Cursor {
  /** The position lies at or beyond what this server has handed out: the database was restored. */
  readonly ahead: boolean;
}

/** Where to read on in a part: at its cursor, or where a step under way will leave that. */
export interface ReadPlace {
  readonly cursor: Cursor;
  readonly after: OutboxPosition;
}

/** What was found behind a place of a part, in order. */
export interface PartMessages {
  /** False: the cursor in the database is neither the one that the caller holds nor at the place. */
  readonly inPlace: boolean;
  readonly messages: readonly OutboxMessage[];
}

interface PositionRow {
  readonly part: number;
  readonly generation: bigint;
  readonly xid: bigint;
  readonly id: bigint;
}

interface BatchRow {
  readonly part: number;
  readonly in_place: boolean;
  readonly count: number;
  readonly messages: string;
}

interface MessageRow extends PositionRow {
  readonly topic: string;
  readonly key: string;
  readonly event_id: string;
  readonly traceparent: string;
  readonly payload: string;
  readonly created_at: Date;
  readonly in_place: boolean;
}

const marksSchema = z.partialRecord(
  z.enum(OUTBOX_TOPICS),
  z.object({
    epoch: z.string().transform(BigInt),
    count: z.number().int(),
    mark: z.string().length(MARK_DIGITS),
  }),
);

/** The statements on `outbox.cursor` and `outbox.message`. */
export class CursorTable {
  constructor(private readonly database: Database) {}

  async load(parts: readonly number[]): Promise<LoadedCursor[]> {
    const rows = await this.database.query<PositionRow & { acknowledged: unknown; ahead: boolean }>(
      STATEMENTS.load,
      [parts],
    );
    return rows.map((row) => ({
      part: row.part,
      position: positionOf(row),
      acknowledged: readMarks(row.acknowledged),
      ahead: row.ahead,
    }));
  }

  /**
   * At most `limit` messages of each part behind its place, in order, that no open transaction can get in front of; by
   * part, and only of parts that have any or whose cursor is another one.
   */
  async read(places: readonly ReadPlace[], limit: number): Promise<ReadonlyMap<number, PartMessages>> {
    const rows = await this.database.query<BatchRow>(STATEMENTS.read, [...parametersOf(places), limit]);
    const found = new Map<number, PartMessages>();
    for (const { part, in_place: inPlace, count, messages: text } of rows) {
      const messages = inPlace ? unpackBatch(part, count, text) : [];
      if (messages !== undefined) found.set(part, { inPlace, messages });
    }
    if (found.size === rows.length) return found;
    const parts = new Set(rows.map(({ part }) => part));
    const missing = places.filter(({ cursor: { part } }) => parts.has(part) && !found.has(part));
    return new Map([...found, ...(await this.readApart(missing, limit))]);
  }

  private async readApart(places: readonly ReadPlace[], limit: number): Promise<Map<number, PartMessages>> {
    const rows = await this.database.query<MessageRow>(STATEMENTS.readApart, [
      ...parametersOf(places),
      limit,
    ]);
    const found = new Map<number, { inPlace: boolean; messages: OutboxMessage[] }>();
    for (const row of rows) {
      const ofPart = found.get(row.part) ?? { inPlace: row.in_place, messages: [] };
      found.set(row.part, ofPart);
      const position = positionOf(row);
      ofPart.messages.push({
        part: row.part,
        position,
        mark: encodeMark(position),
        topic: row.topic,
        key: row.key,
        eventId: row.event_id,
        traceparent: row.traceparent,
        payload: row.payload,
        createdAt: row.created_at,
      });
    }
    return found;
  }

  /** Whether a message with exactly this position is kept. */
  async has(part: number, mark: string): Promise<boolean> {
    const { generation, xid, id } = decodeMark(mark);
    const [row] = await this.database.query<{ found: boolean }>(STATEMENTS.find, [
      part,
      generation.toString(),
      xid.toString(),
      id.toString(),
    ]);
    return row?.found ?? false;
  }

  /** Goes to the server with the transaction's COMMIT, or with its next statement. */
  move(transaction: Transaction, { part, position, acknowledged }: Cursor): Promise<void> {
    transaction.send(STATEMENTS.move, [
      part,
      position.generation.toString(),
      position.xid.toString(),
      position.id.toString(),
      JSON.stringify(writeMarks(acknowledged)),
    ]);
    return Promise.resolve();
  }
}

/** Parts, cursors and places, as the reading statements take them. */
function parametersOf(places: readonly ReadPlace[]): unknown[] {
  return [
    places.map(({ cursor }) => cursor.part),
    ...columnsOf(places.map(({ cursor }) => cursor.position)),
    ...columnsOf(places.map(({ after }) => after)),
  ];
}

function columnsOf(positions: readonly OutboxPosition[]): string[][] {
  return (['generation', 'xid', 'id'] as const).map((column) =>
    positions.map((position) => position[column].toString()),
  );
}

function positionOf({ generation, xid, id }: PositionRow): OutboxPosition {
  return { generation, xid, id };
}

function readMarks(json: unknown): AcknowledgedMarks {
  const marks = marksSchema.parse(json);
  return new Map(
    OUTBOX_TOPICS.flatMap((topic) => (marks[topic] === undefined ? [] : [[topic, marks[topic]]])),
  );
}

function writeMarks(marks: AcknowledgedMarks): Record<string, unknown> {
  return Object.fromEntries(
    [...marks].map(([topic, { epoch, count, mark }]) => [topic, { epoch: epoch.toString(), count, mark }]),
  );
}
