import { encodeMark, type OutboxPosition, type OutboxTopic } from '@app/common/contracts';
import { type Database, type Statement, statement, type Transaction } from '@app/common/database';
import {
  type Outcome,
  type ParkedMessage,
  type RetryKind,
  type RetryRow,
  type SettledRow,
  type WaitingHead,
} from './retry-row';
import claimRows from './sql/claim-rows.sql';
import closePublished from './sql/close-published.sql';
import countWaiting from './sql/count-waiting.sql';
import findPlaces from './sql/find-places.sql';
import giveUpRows from './sql/give-up-rows.sql';
import highestPlace from './sql/highest-place.sql';
import listWaiting from './sql/list-waiting.sql';
import parkMessages from './sql/park-messages.sql';
import putOffRefused from './sql/put-off-refused.sql';
import releaseUntried from './sql/release-untried.sql';
import reopenPublished from './sql/reopen-published.sql';

const STATEMENTS = {
  claim: statement('retry.claim-rows', claimRows),
  close: statement('retry.close-published', closePublished),
  count: statement('retry.count-waiting', countWaiting),
  giveUp: statement('retry.give-up-rows', giveUpRows),
  highest: statement('retry.highest-place', highestPlace),
  park: statement('retry.park-messages', parkMessages),
  places: statement('retry.find-places', findPlaces),
  putOff: statement('retry.put-off-refused', putOffRefused),
  release: statement('retry.release-untried', releaseUntried),
  reopen: statement('retry.reopen-published', reopenPublished),
  waiting: statement('retry.list-waiting', listWaiting),
};

/** What one claim takes. */
export interface Claim {
  readonly part: number;
  /** Parked keys whose heads may be due. */
  readonly keys: readonly string[];
  /** Parked rows behind this place are left: what is in front of them is not all published yet. */
  readonly upTo: OutboxPosition;
  /** Topics that nothing is published to now. */
  readonly held: readonly string[];
  readonly token: string;
  /** Rows of a claim that is older than this are free again. */
  readonly leaseTimeMs: number;
  /** Most rows of one key, and most timers and replays. */
  readonly limit: number;
}

interface PositionRow {
  readonly generation: bigint;
  readonly xid: bigint;
  readonly id: bigint;
}

interface ClaimedRow {
  readonly id: bigint;
  readonly kind: RetryKind;
  readonly topic: string;
  readonly key: string;
  readonly event_id: string;
  readonly replay_id: bigint | null;
  readonly traceparent: string;
  readonly payload: string;
  readonly generation: bigint | null;
  readonly xid: bigint | null;
  readonly message_id: bigint | null;
  readonly next_attempt_at: Date;
  readonly created_at: Date;
  readonly deliveries: number;
  readonly attempts: number;
  readonly tried_for_ms: number;
}

/** The statements on `outbox.retry` and `outbox.dead_letter`. */
export class RetryTable {
  constructor(private readonly database: Pick<Database, 'query'>) {}

  /** The head of every parked key of these parts, and the next timer or replay of each. */
  async waiting(parts: readonly number[], leaseTimeMs: number): Promise<WaitingHead[]> {
    const rows = await this.database.query<{ part: number; key: string | null; wait_ms: number | null }>(
      STATEMENTS.waiting,
      [parts, leaseTimeMs],
    );
    return rows.map(({ part, key, wait_ms }) => ({
      part,
      key: key ?? undefined,
      waitMs: wait_ms ?? undefined,
    }));
  }

  /** Open and dead rows of these parts. */
  count(parts: readonly number[]): Promise<{ kind: RetryKind; state: 'open' | 'dead'; rows: number }[]> {
    return this.database.query(STATEMENTS.count, [parts]);
  }

  /** Where the last message of the part stands that was ever parked and is still known. */
  async highestPlace(part: number): Promise<OutboxPosition | undefined> {
    const [row] = await this.database.query<PositionRow>(STATEMENTS.highest, [part]);
    return row && { generation: row.generation, xid: row.xid, id: row.id };
  }

  /** The marks of the messages from `first` to `last` that have a row, open or done. */
  async places(part: number, first: OutboxPosition, last: OutboxPosition): Promise<ReadonlySet<string>> {
    const rows = await this.database.query<PositionRow>(STATEMENTS.places, [
      part,
      ...numbersOf(first),
      ...numbersOf(last),
    ]);
    return new Set(rows.map((row) => encodeMark(row)));
  }

  /** Copies messages of the part here, under the part's lease. One that is here already stays as it is. */
  async park(transaction: Transaction, part: number, messages: readonly ParkedMessage[]): Promise<void> {
    await transaction.query(STATEMENTS.park, [
      part,
      messages.map(({ position }) => position.generation.toString()),
      messages.map(({ position }) => position.xid.toString()),
      messages.map(({ position }) => position.id.toString()),
      messages.map(({ attempts }) => attempts),
      messages.map(({ waitMs }) => waitMs),
      messages.map(({ error }) => error ?? null),
    ]);
  }

  /** What is due of the part, each key in its order, under the lease of `token`. */
  async claim({ part, keys, upTo, held, token, leaseTimeMs, limit }: Claim): Promise<RetryRow[]> {
    const rows = await this.database.query<ClaimedRow>(STATEMENTS.claim, [
      ...[part, keys, ...numbersOf(upTo), held, token, leaseTimeMs, limit],
    ]);
    return rows.map(retryRowOf).sort(inOrder);
  }

  /**
   * Writes what became of rows that `token` claimed, and takes their leases off. One statement for each kind of outcome.
   *
   * @returns the ids that were still ours; of the others nothing was written.
   */
  async settle(
    transaction: Transaction,
    token: string,
    settled: readonly SettledRow[],
  ): Promise<ReadonlySet<bigint>> {
    const written = new Set<bigint>();
    const write = async (name: Statement, columns: readonly (readonly unknown[])[]): Promise<void> => {
      if (columns[0]?.length === 0) return;
      const rows = await transaction.query<{ id: bigint }>(name, [token, ...columns]);
      for (const { id } of rows) written.add(id);
    };
    const ids = (rows: readonly { id: bigint }[]) => rows.map(({ id }) => id.toString());
    await write(STATEMENTS.close, [ids(only(settled, 'published'))]);
    await write(STATEMENTS.release, [ids(only(settled, 'untried'))]);
    const refused = only(settled, 'refused');
    await write(STATEMENTS.putOff, [
      ...[ids(refused), refused.map(({ waitMs }) => waitMs), refused.map(({ error }) => error)],
    ]);
    const givenUp = only(settled, 'givenUp');
    await write(STATEMENTS.giveUp, [
      ids(givenUp),
      ...[givenUp.map(({ reason }) => reason), givenUp.map(({ attempts }) => attempts)],
      givenUp.map(({ error }) => error ?? null),
    ]);
    return written;
  }

  /** After streams lost what they had acknowledged: what was published to them goes out again. */
  async reopen(transaction: Transaction, part: number, topics: readonly OutboxTopic[]): Promise<void> {
    await transaction.query(STATEMENTS.reopen, [part, topics]);
  }
}

/** The outcomes of one kind, each with the id of its row. */
function only<Kind extends Outcome['kind']>(
  settled: readonly SettledRow[],
  kind: Kind,
): (Extract<Outcome, { kind: Kind }> & { id: bigint })[] {
  const isKind = (outcome: Outcome): outcome is Extract<Outcome, { kind: Kind }> => outcome.kind === kind;
  return settled.flatMap(({ row, outcome }) => (isKind(outcome) ? [{ ...outcome, id: row.id }] : []));
}

function retryRowOf(row: ClaimedRow): RetryRow {
  const { id, kind, topic, key, traceparent, payload, deliveries, attempts, generation, xid, message_id } =
    row;
  const place =
    generation === null || xid === null || message_id === null
      ? undefined
      : { generation, xid, id: message_id };
  return {
    ...{ id, kind, topic, key, traceparent, payload, deliveries, attempts, place },
    eventId: row.event_id,
    // Each replay goes out once, also when the one before went out a moment ago: that is what it is asked for.
    dedupeId: row.replay_id === null ? row.event_id : `${row.event_id}@${row.replay_id}`,
    dueAt: row.next_attempt_at,
    createdAt: row.created_at,
    triedForMs: row.tried_for_ms,
  };
}

/** Parked rows by their place, which is the order of their key; the others behind them as they fell due. */
export function inOrder(a: RetryRow, b: RetryRow): number {
  if (a.place !== undefined && b.place !== undefined)
    return encodeMark(a.place) < encodeMark(b.place) ? -1 : 1;
  if (a.place !== undefined || b.place !== undefined) return a.place !== undefined ? -1 : 1;
  return a.dueAt.getTime() - b.dueAt.getTime() || (a.id < b.id ? -1 : 1);
}

function numbersOf({ generation, xid, id }: OutboxPosition): string[] {
  return [generation.toString(), xid.toString(), id.toString()];
}
