import {
  comparePositions,
  decodeMark,
  encodeMark,
  FLEET_EVENTS,
  OUTBOX_START,
  type OutboxPosition,
} from '@app/common/contracts';
import { type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Lease } from '@app/common/leases';
import { type OncePublisher } from '@app/common/streams';
import { type Cursor, type OutboxMessage, type PartMessages, type ReadPlace } from './cursor-table';
import { MemoryRetries, noTransaction, SHORT_RETRIES } from '../memory-retries.testing';
import { type Parked } from './parking';
import { type PartTools } from './part';

/** For unit specs: what the relay sees of the database, one part, one owner, no other transactions. */
export class MemoryOutbox {
  cursor: Cursor = { part: 0, position: OUTBOX_START, acknowledged: new Map() };
  ahead = false;
  leaseHolds = true;
  messages: OutboxMessage[] = [];
  readonly rewinds: [OutboxPosition, OutboxPosition][] = [];
  readonly parked: Parked[] = [];
  readonly retries: MemoryRetries;

  constructor(now?: () => number) {
    this.retries = new MemoryRetries(() => this.messages, now);
  }

  tools(streams: OncePublisher): PartTools {
    const protect = (_transaction: Transaction, [lease]: readonly Lease[]): Promise<void> =>
      this.leaseHolds
        ? Promise.resolve()
        : Promise.reject(new OdographError('LEASE_LOST', { detail: lease?.name ?? '' }));
    return {
      streams,
      saveEveryMs: 0,
      ownership: { protect },
      database: { transaction: (work) => this.transaction(work) },
      retries: this.retries,
      strategy: SHORT_RETRIES.strategy,
      table: {
        load: () => Promise.resolve([{ ...this.cursor, ahead: this.ahead }]),
        read: ([place], limit) => Promise.resolve(this.read(place, limit)),
        has: (_part, mark) =>
          Promise.resolve(
            this.messages.some(({ position }) => comparePositions(position, decodeMark(mark)) === 0),
          ),
        move: (_transaction, next) => {
          this.cursor = next;
          return Promise.resolve();
        },
      },
      onRewind: (_part, from, to) => this.rewinds.push([from, to]),
      onParked: (_part, parked) => this.parked.push(...parked),
    };
  }

  private async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const { cursor } = this;
    const rollBack = this.retries.snapshot();
    try {
      return await work(noTransaction());
    } catch (error) {
      this.cursor = cursor;
      rollBack();
      throw error;
    }
  }

  /** Adds messages behind all others, each in a transaction of its own. */
  add(count: number, changes: Partial<OutboxMessage> = {}): OutboxMessage[] {
    const added = Array.from({ length: count }, (_, index): OutboxMessage => {
      const id = BigInt(this.messages.length + index + 1);
      const position: OutboxPosition = { generation: 1n, xid: 700n + id, id };
      return {
        part: 0,
        position,
        mark: encodeMark(position),
        topic: FLEET_EVENTS,
        key: `key ${id}`,
        eventId: `event ${id}`,
        traceparent: 't',
        payload: JSON.stringify({ n: String(id) }),
        createdAt: new Date(),
        ...changes,
      };
    });
    this.messages.push(...added);
    return added;
  }

  behind(): OutboxMessage[] {
    return this.messages.filter(({ position }) => comparePositions(position, this.cursor.position) > 0);
  }

  private read(place: ReadPlace | undefined, limit: number): ReadonlyMap<number, PartMessages> {
    if (place === undefined) return new Map();
    const { cursor, after } = place;
    const messages = this.messages
      .filter(({ position }) => comparePositions(position, after) > 0)
      .slice(0, limit);
    const inPlace = [cursor.position, after].some((at) => comparePositions(at, this.cursor.position) === 0);
    return messages.length === 0 ? new Map() : new Map([[0, { inPlace, messages }]]);
  }
}
