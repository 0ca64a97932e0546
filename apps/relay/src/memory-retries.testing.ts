import { comparePositions, encodeMark, type OutboxPosition } from '@app/common/contracts';
import { Transaction } from '@app/common/database';
import { type GiveUpReason, type RetryKind, type RetryRow, type SettledRow } from './retry/retry-row';
import { type Claim, inOrder, type RetryTable } from './retry/retry-table';
import { type Publishable } from './retry/entry';
import { type RetryLimits } from './retry/lines';

/** Waits that a spec can sit out. */
export const SHORT_RETRIES: RetryLimits = {
  strategy: {
    ...{ strategy: 'constant', delayMs: 20, stepMs: 0, multiplier: 1, maxDelayMs: 20 },
    ...{ maxAttempts: 0, maxTotalMs: 0, jitter: 0 },
  },
  maxDeliveries: 1_000,
};

/** What a row of the double is copied from. */
export interface KeptMessage extends Publishable {
  readonly key: string;
  readonly position: OutboxPosition;
  readonly createdAt: Date;
}

type RetryState = 'open' | 'dead' | 'published' | 'skipped';

export interface MemoryRow {
  readonly id: bigint;
  readonly kind: RetryKind;
  readonly place: OutboxPosition | undefined;
  readonly message: Publishable & { readonly key: string };
  readonly replayId: number | undefined;
  state: RetryState;
  dueAtMs: number;
  deliveries: number;
  attempts: number;
  lastError: string | undefined;
  token: string | undefined;
  leasedAtMs: number;
}

/** For unit specs: `outbox.retry` and `outbox.dead_letter` of one part, in memory. */
export class MemoryRetries implements Pick<RetryTable, Exclude<keyof RetryTable, 'count'>> {
  rows: MemoryRow[] = [];
  readonly letters: { readonly id: bigint; readonly reason: GiveUpReason }[] = [];

  constructor(
    private readonly messages: () => readonly KeptMessage[],
    readonly now: () => number = Date.now,
  ) {}

  add(
    kind: 'timer' | 'replay',
    message: MemoryRow['message'],
    { dueInMs = 0, replayId }: { dueInMs?: number; replayId?: number } = {},
  ): void {
    this.insert(kind, message, { dueInMs, replayId, place: undefined });
  }

  /** To be put back where a transaction fails. */
  snapshot(): () => void {
    const rows = this.rows.map((row) => ({ ...row }));
    const letters = this.letters.length;
    return () => {
      this.rows = rows;
      this.letters.length = letters;
    };
  }

  waiting(parts: readonly number[], leaseTimeMs: number): ReturnType<RetryTable['waiting']> {
    const heads = [...new Set(this.parked().map(({ message }) => message.key))].map((key) => {
      const head = this.queueOf(key)[0];
      const dueAtMs = Math.max(
        head?.dueAtMs ?? 0,
        head?.token === undefined ? 0 : head.leasedAtMs + leaseTimeMs,
      );
      return { part: 0, key, waitMs: head?.state === 'open' ? dueAtMs - this.now() : undefined };
    });
    const others = this.rows.filter(({ kind, state }) => kind !== 'parked' && state === 'open');
    const due = others.map(({ dueAtMs }) => ({ part: 0, key: undefined, waitMs: dueAtMs - this.now() }));
    return Promise.resolve(parts.includes(0) ? [...heads, ...due] : []);
  }

  highestPlace(): ReturnType<RetryTable['highestPlace']> {
    return Promise.resolve(this.knownPlaces().sort(comparePositions).at(-1));
  }

  places(_part: number, first: OutboxPosition, last: OutboxPosition): ReturnType<RetryTable['places']> {
    const between = this.knownPlaces().filter(
      (place) => comparePositions(place, first) >= 0 && comparePositions(place, last) <= 0,
    );
    return Promise.resolve(new Set(between.map(encodeMark)));
  }

  park(...[, , parked]: Parameters<RetryTable['park']>): Promise<void> {
    for (const { position, waitMs, attempts, error } of parked) {
      const isThere = this.knownPlaces().some((place) => comparePositions(place, position) === 0);
      const message = this.messages().find((each) => comparePositions(each.position, position) === 0);
      if (isThere || message === undefined) continue;
      const row = this.insert('parked', message, { dueInMs: waitMs, replayId: undefined, place: position });
      Object.assign(row, { attempts, lastError: error });
    }
    return Promise.resolve();
  }

  claim({ keys, upTo, held, token, leaseTimeMs, limit }: Claim): Promise<RetryRow[]> {
    const now = this.now();
    const isFree = (row: MemoryRow): boolean =>
      row.state === 'open' &&
      (row.token === undefined || row.leasedAtMs + leaseTimeMs < now) &&
      !held.includes(row.message.topic);
    const taken: MemoryRow[] = [];
    for (const key of keys) {
      for (const [index, row] of this.queueOf(key).entries()) {
        if (!isFree(row) || (index === 0 && row.dueAtMs > now)) break;
        if (row.place === undefined || comparePositions(row.place, upTo) > 0) break;
        taken.push(row);
      }
    }
    const isUnparked = ({ message }: MemoryRow): boolean => this.queueOf(message.key).length === 0;
    const others = this.rows.filter(
      (row) => row.kind !== 'parked' && isFree(row) && row.dueAtMs <= now && isUnparked(row),
    );
    const claimed = [...taken.slice(0, limit), ...others.slice(0, limit)];
    for (const row of claimed) {
      row.deliveries += 1;
      row.token = token;
      row.leasedAtMs = now;
    }
    return Promise.resolve(claimed.map(retryRowOf).sort(inOrder));
  }

  settle(...[, token, settled]: Parameters<RetryTable['settle']>): ReturnType<RetryTable['settle']> {
    const written = new Set<bigint>();
    for (const each of settled) {
      const row = this.rows.find(({ id }) => id === each.row.id);
      if (row === undefined || row.token !== token) continue;
      written.add(row.id);
      row.token = undefined;
      this.write(row, each.outcome);
    }
    return Promise.resolve(written);
  }

  reopen(...[, , topics]: Parameters<RetryTable['reopen']>): Promise<void> {
    for (const row of this.rows) {
      if (row.state !== 'published' || !topics.some((topic) => topic === row.message.topic)) continue;
      Object.assign(row, { state: 'open', dueAtMs: this.now(), deliveries: 0, attempts: 0 });
    }
    return Promise.resolve();
  }

  private write(row: MemoryRow, outcome: SettledRow['outcome']): void {
    if (outcome.kind === 'published') row.state = 'published';
    else if (outcome.kind === 'untried') row.deliveries -= 1;
    else if (outcome.kind === 'refused') {
      row.attempts += 1;
      row.dueAtMs = this.now() + outcome.waitMs;
      row.lastError = outcome.error;
    } else {
      row.attempts += outcome.attempts;
      row.lastError = outcome.error ?? row.lastError;
      row.state = 'dead';
      this.letters.push({ id: row.id, reason: outcome.reason });
    }
  }

  private insert(
    kind: RetryKind,
    message: MemoryRow['message'],
    { dueInMs, replayId, place }: Pick<MemoryRow, 'replayId' | 'place'> & { dueInMs: number },
  ): MemoryRow {
    const row: MemoryRow = {
      ...{ id: BigInt(this.rows.length + 1), kind, message, replayId, place, state: 'open' },
      ...{ dueAtMs: this.now() + dueInMs, deliveries: 0, attempts: 0, leasedAtMs: 0 },
      ...{ lastError: undefined, token: undefined },
    };
    this.rows.push(row);
    return row;
  }

  private parked(): MemoryRow[] {
    return this.rows.filter(({ kind, state }) => kind === 'parked' && (state === 'open' || state === 'dead'));
  }

  private queueOf(key: string): MemoryRow[] {
    return this.parked()
      .filter(({ message }) => message.key === key)
      .sort((a, b) => inOrder(retryRowOf(a), retryRowOf(b)));
  }

  private knownPlaces(): OutboxPosition[] {
    return this.rows.flatMap(({ place }) => place ?? []);
  }
}

function retryRowOf(row: MemoryRow): RetryRow {
  const { id, kind, place, message, replayId, deliveries, attempts, dueAtMs } = row;
  const { topic, key, eventId, traceparent, payload } = message;
  return {
    ...{ id, kind, topic, key, eventId, traceparent, payload, place, deliveries, attempts },
    dedupeId: replayId === undefined ? eventId : `${eventId}@${replayId}`,
    dueAt: new Date(dueAtMs),
    createdAt: new Date(dueAtMs),
    triedForMs: 0,
  };
}

/** What the doubles are handed where the real table gets a transaction. */
export function noTransaction(): Transaction {
  const nothing: unknown = Object.create(Transaction.prototype);
  if (nothing instanceof Transaction) return nothing;
  throw new Error('not reached');
}
