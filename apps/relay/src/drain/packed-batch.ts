import {
  decodeMark,
  ID_DIGITS,
  GENERATION_DIGITS,
  XID_DIGITS,
  type OutboxPosition,
} from '@app/common/contracts';
import { type OutboxMessage } from './outbox-message';

/** The unit separator, which stands nowhere in JSON and in nothing that our producers write. */
const SEPARATOR = '\x1f';
const COLUMNS = 9;

/** A message of a packed batch; its position, which few look at, is made when they do. */
class PackedMessage implements OutboxMessage {
  constructor(
    readonly part: number,
    readonly mark: string,
    readonly topic: string,
    readonly key: string,
    readonly eventId: string,
    readonly traceparent: string,
    readonly payload: string,
    readonly createdAt: Date,
  ) {}

  get position(): OutboxPosition {
    return decodeMark(this.mark);
  }
}

/**
 * The messages of a part out of the one text that the database makes of them; undefined where one of them holds the
 * separator, so that nobody can tell them apart.
 */
export function unpackBatch(part: number, count: number, text: string): OutboxMessage[] | undefined {
  const columns = text.split(SEPARATOR);
  if (columns.length !== count * COLUMNS) return undefined;
  const column = (index: number): string => columns[index] ?? '';
  const messages: OutboxMessage[] = [];
  let [generation, xid, prefix, createdAtS] = ['', '', '', ''];
  let createdAt = new Date(NaN);
  for (let at = 0; at < columns.length; at += COLUMNS) {
    // Most of them are of the same transaction as the one before.
    if (column(at + 1) !== xid || column(at) !== generation) {
      [generation, xid] = [column(at), column(at + 1)];
      prefix = generation.padStart(GENERATION_DIGITS, '0') + xid.padStart(XID_DIGITS, '0');
    }
    if (column(at + 7) !== createdAtS) {
      createdAtS = column(at + 7);
      createdAt = new Date(Math.round(Number(createdAtS) * 1000));
    }
    messages.push(
      new PackedMessage(
        part,
        prefix + column(at + 2).padStart(ID_DIGITS, '0'),
        column(at + 3),
        column(at + 4),
        column(at + 5),
        column(at + 6),
        column(at + 8),
        createdAt,
      ),
    );
  }
  return messages;
}
