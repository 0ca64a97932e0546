import { encodeMark, type OutboxTopic } from '@app/common/contracts';
import { type PublishedMark } from '@app/common/streams';
import { type Entry, entryOf, lastErrorOf, type ParkedMessage, type RetryTable } from '../retry';
import { type OutboxMessage } from './cursor-table';

export type ParkingReason = 'refused' | 'invalid' | 'behind';

/** A message that leaves the log lane for the retry lane. */
export interface Parked extends ParkedMessage {
  readonly message: OutboxMessage;
  readonly reason: ParkingReason;
}

/** What of a batch goes out, and what moves to the retry lane before any of it does. */
export interface Sifted {
  readonly entries: Entry<OutboxMessage>[];
  readonly parked: Parked[];
}

type Marks = ReadonlyMap<OutboxTopic, PublishedMark>;
type Rows = Pick<RetryTable, 'waiting' | 'highestPlace' | 'places'>;

const NO_ROWS: ReadonlySet<string> = new Set();

/**
 * What the owner of a part knows of its parked messages. Rows of this kind are made by the owner of the part alone, so
 * once loaded they need not be asked for with each batch: only operators and the retry lane close them, and a key that
 * was closed meanwhile merely takes the way through the retry lane a little longer.
 */
export class Parking {
  private keys = new Set<string>();
  /** Messages behind this have no row. */
  private highest = '';

  constructor(
    private readonly rows: Rows,
    private readonly part: number,
  ) {}

  async load(): Promise<void> {
    const highest = await this.rows.highestPlace(this.part);
    this.highest = highest === undefined ? '' : encodeMark(highest);
    const waiting = await this.rows.waiting([this.part], 0);
    this.replaceKeys(waiting.flatMap(({ key }) => key ?? []));
  }

  /** All keys that are parked now. */
  replaceKeys(keys: readonly string[]): void {
    this.keys = new Set(keys);
  }

  /** Sorts a batch, in order: a message that has a row never goes out here, nor does one behind a row of its key. */
  async sift(messages: readonly OutboxMessage[], marks: Marks): Promise<Sifted> {
    const sifted: Sifted = { entries: [], parked: [] };
    const known = await this.rowsAmong(messages);
    for (const message of messages) {
      if (known.size > 0 && known.has(message.mark)) continue;
      const entry = entryOf(message);
      if (typeof entry === 'string') {
        this.keys.add(message.key);
        sifted.parked.push(this.rowOf(message, 'invalid', { waitMs: 0, error: entry }));
      } else if (this.keys.has(message.key) && !isPublished(entry, marks)) {
        sifted.parked.push(this.rowOf(message, 'behind'));
      } else {
        sifted.entries.push(entry);
      }
    }
    return sifted;
  }

  /** Takes a message that its stream refused out of the groups, with those behind it of its key that are not out yet. */
  takeRefused(
    refused: Entry<OutboxMessage>,
    failure: { readonly waitMs: number; readonly error: string },
    groups: Map<OutboxTopic, Entry<OutboxMessage>[]>,
    marks: Marks,
  ): Parked[] {
    const { key } = refused.message;
    const place = refused.message.mark;
    this.keys.add(key);
    const parked = [this.rowOf(refused.message, 'refused', failure)];
    for (const [topic, group] of groups) {
      const staying = group.filter((entry) => {
        if (entry.message.key !== key || entry.message.mark < place) return true;
        if (isPublished(entry, marks)) return true;
        if (entry !== refused) parked.push(this.rowOf(entry.message, 'behind'));
        return false;
      });
      groups.set(topic, staying);
    }
    return parked;
  }

  /** From now on this message has a row, also for who reads it again without a take-over in between. */
  private rowOf(
    message: OutboxMessage,
    reason: ParkingReason,
    failure?: { readonly waitMs: number; readonly error: string },
  ): Parked {
    const { position } = message;
    const place = encodeMark(position);
    if (place > this.highest) this.highest = place;
    const made = { message, reason, position };
    if (failure === undefined) return { ...made, attempts: 0, waitMs: 0, error: undefined };
    return { ...made, attempts: 1, waitMs: failure.waitMs, error: lastErrorOf(failure.error) };
  }

  private async rowsAmong(messages: readonly OutboxMessage[]): Promise<ReadonlySet<string>> {
    const [first, last] = [messages[0]?.position, messages.at(-1)?.position];
    if (this.highest === '' || first === undefined || last === undefined) return NO_ROWS;
    return encodeMark(first) > this.highest ? NO_ROWS : this.rows.places(this.part, first, last);
  }
}

/** At or below its stream's mark a message is out, whatever became of others of its key: it is never parked. */
function isPublished({ message, topic }: Entry<OutboxMessage>, marks: Marks): boolean {
  const mark = marks.get(topic)?.mark;
  return mark !== undefined && message.mark <= mark;
}
