import { comparePositions, type OutboxPosition } from '@app/common/contracts';
import { describeError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { type Cursor, type CursorTable, type PartMessages } from './cursor-table';

/** A part as the reader sees it; another object is another claim, whatever its number. */
export interface ReadPart {
  readonly cursor: Cursor;
  /** Where its messages are read from: its cursor, or where it has come behind that while topics are on hold. */
  readonly upTo: OutboxPosition;
}

export type Found = ReadonlyMap<number, PartMessages>;

interface Ahead {
  /** Where a part must stand for what was read of it to be what comes next. */
  readonly from: ReadonlyMap<ReadPart, OutboxPosition>;
  readonly found: Promise<Found>;
}

const NOTHING: Found = new Map();

/**
 * Reads the next messages of parts while the last ones are being published. What was read ahead of a part counts only
 * when its step has ended where that reading began; a refusal, a rewind or a lost claim ends it elsewhere, and it is read
 * again. Nothing can come in between later: what is read lies below the oldest open transaction.
 */
export class ReadAhead {
  private ahead: Ahead | undefined;

  constructor(
    private readonly table: Pick<CursorTable, 'read'>,
    private readonly limit: number,
    private readonly logger: Logger,
  ) {}

  /** What lies behind the cursors of these parts, of which none is being published. */
  async read(parts: readonly ReadPart[]): Promise<Found> {
    const { ahead } = this;
    this.ahead = undefined;
    const found = (await ahead?.found) ?? NOTHING;
    const fitting = parts.filter((part) => {
      const from = ahead?.from.get(part);
      // Where none was found then, there may be some now.
      return from !== undefined && found.has(part.cursor.part) && isAt(part, from);
    });
    const others = parts.filter((part) => !fitting.includes(part));
    const read = others.length === 0 ? NOTHING : await this.table.read(others.map(placeOf), this.limit);
    const kept = fitting.flatMap(({ cursor: { part } }) => {
      const messages = found.get(part);
      return messages === undefined ? [] : [[part, messages] as const];
    });
    return new Map([...read, ...kept]);
  }

  /** Begins to read what comes behind the messages of those parts that have more than a batch. */
  begin(parts: readonly ReadPart[], found: Found): void {
    const from = new Map<ReadPart, OutboxPosition>();
    for (const part of parts) {
      const { inPlace, messages } = found.get(part.cursor.part) ?? { inPlace: false, messages: [] };
      const last = messages.at(-1);
      if (inPlace && last !== undefined && messages.length >= this.limit) from.set(part, last.position);
    }
    if (from.size === 0) return;
    const places = [...from].map(([{ cursor }, after]) => ({ cursor, after }));
    const reading = this.table.read(places, this.limit).catch((error: unknown) => {
      // The parts read again when it is their turn, and that failure is theirs.
      this.logger.debug({ event: 'outbox_read_ahead_failed', error: describeError(error) });
      return NOTHING;
    });
    this.ahead = { from, found: reading };
  }
}

const placeOf = ({ cursor, upTo }: ReadPart) => ({ cursor, after: upTo });

function isAt({ upTo }: ReadPart, position: OutboxPosition): boolean {
  return comparePositions(upTo, position) === 0;
}
