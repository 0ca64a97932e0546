import { z } from 'zod';
import {
  decodeMark,
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
import readMessages from './sql/read-messages.sql';
import readOnMessages from './sql/read-on.sql';

const STATEMENTS = {
  find: statement('drain.find-message', findMessage),
  load: statement('drain.load-cursors', loadCursors),
  move: statement('drain.move-cursor', moveCursor),
  read: statement('drain.read-messages', readMessages),
  readOn: statement('drain.read-on', readOnMessages),
};

/** What Redis last confirmed of each target stream of a part. */
export type AcknowledgedMarks = ReadonlyMap<OutboxTopic, PublishedMark>;

/** Where a part stands: all at or below `position` is in its stream. */
export interface Cursor {
  readonly part: number;
  readonly position: OutboxPosition;
  readonly acknowledged: AcknowledgedMarks;
}

/** Where a part is read from. */
export interface ReadingCursor extends Cursor {
  /** While topics are on hold: what lies up to here, behind the cursor, is of them or out. */
  readonly readOn: OutboxPosition | undefined;
}

export interface LoadedCursor extends Cursor {
  /** The position lies at or beyond what this server has handed out: the database was restored. */
  readonly ahead: boolean;
}

export interface OutboxMessage {
  readonly part: number;
  readonly position: OutboxPosition;
  readonly topic: string;
  readonly key: string;
  readonly eventId: string;
  readonly traceparent: string;
  /** JSON map of the target stream's fields. */
  readonly payload: string;
  readonly createdAt: Date;
}

/** What was found behind the cursor of a part, in order. */
export interface PartMessages {
  /** False: the cursor in the database is not the one that the caller holds. */
  readonly inPlace: boolean;
  readonly messages: readonly OutboxMessage[];
}

interface PositionRow {
  readonly part: number;
  readonly generation: bigint;
  readonly xid: bigint;
  readonly id: bigint;
}

interface MessageColumns {
  readonly topic: string;
  readonly key: string;
  readonly event_id: string;
  readonly traceparent: string;
  readonly payload: string;
  readonly created_at: Date;
}

/** Without a message where there is none behind the place from which was read. */
type MessageRow = { readonly part: number; readonly in_place: boolean } & (
  | (PositionRow & MessageColumns)
  | { readonly [Column in Exclude<keyof (PositionRow & MessageColumns), 'part'>]: null }
);

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
   * At most `limit` messages of each part behind its cursor, in order, that no open transaction can get in front of; by
   * part. One statement, and another one where parts are read on over topics on hold.
   */
  async read(cursors: readonly ReadingCursor[], limit: number): Promise<ReadonlyMap<number, PartMessages>> {
    const [plain, ahead] = [
      cursors.filter(({ readOn }) => readOn === undefined),
      cursors.filter(isReadingOn),
    ];
    const found = new Map<number, { inPlace: boolean; messages: OutboxMessage[] }>();
    const add = (rows: readonly MessageRow[]): void => {
      for (const row of rows) {
        const ofPart = found.get(row.part) ?? { inPlace: row.in_place, messages: [] };
        found.set(row.part, ofPart);
        if (hasMessage(row)) ofPart.messages.push(messageOf(row));
      }
    };
    if (plain.length > 0) add(await this.database.query(STATEMENTS.read, [...columnsOf(plain), limit]));
    if (ahead.length > 0) {
      const readOn = positionColumns(ahead.map((cursor) => cursor.readOn));
      add(await this.database.query(STATEMENTS.readOn, [...columnsOf(ahead), limit, ...readOn]));
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

  async move(transaction: Transaction, { part, position, acknowledged }: Cursor): Promise<void> {
    await transaction.query(STATEMENTS.move, [
      part,
      position.generation.toString(),
      position.xid.toString(),
      position.id.toString(),
      JSON.stringify(writeMarks(acknowledged)),
    ]);
  }
}

const isReadingOn = (cursor: ReadingCursor): cursor is ReadingCursor & { readOn: OutboxPosition } =>
  cursor.readOn !== undefined;

const hasMessage = (row: MessageRow): row is Exclude<MessageRow, { id: null }> => row.id !== null;

function messageOf(row: PositionRow & MessageColumns): OutboxMessage {
  const { part, topic, key, traceparent, payload } = row;
  const position = positionOf(row);
  return {
    part,
    position,
    topic,
    key,
    traceparent,
    payload,
    eventId: row.event_id,
    createdAt: row.created_at,
  };
}

/** Parts, and their cursors by column. */
function columnsOf(cursors: readonly Cursor[]): unknown[] {
  return [cursors.map(({ part }) => part), ...positionColumns(cursors.map(({ position }) => position))];
}

function positionColumns(positions: readonly OutboxPosition[]): string[][] {
  return [
    positions.map(({ generation }) => generation.toString()),
    positions.map(({ xid }) => xid.toString()),
    positions.map(({ id }) => id.toString()),
  ];
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
