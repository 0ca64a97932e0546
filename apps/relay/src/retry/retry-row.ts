import { type OutboxPosition } from '@app/common/contracts';

export type RetryKind = 'parked' | 'timer' | 'replay';

/** A row of outbox.retry under the lease of one claim. */
export interface RetryRow {
  readonly id: bigint;
  readonly kind: RetryKind;
  readonly topic: string;
  readonly key: string;
  readonly eventId: string;
  readonly traceparent: string;
  /** JSON map of the target stream's fields. */
  readonly payload: string;
  /** What the stream remembers of it, so that a repeated call adds nothing. */
  readonly dedupeId: string;
  /** Where it stood in the outbox; of parked rows only. */
  readonly place: OutboxPosition | undefined;
  readonly dueAt: Date;
  readonly createdAt: Date;
  /** Claims, this one included. */
  readonly deliveries: number;
  /** Refusals so far. */
  readonly attempts: number;
  /** Since the first attempt; 0 where there was none. */
  readonly triedForMs: number;
}

/** A message that cannot go out now, as it is parked; `attempts` is 0 of one that waits behind another. */
export interface ParkedMessage {
  readonly position: OutboxPosition;
  readonly attempts: 0 | 1;
  readonly waitMs: number;
  readonly error: string | undefined;
}

export type GiveUpReason = 'max_deliveries' | 'retry_terminal' | 'rejected';

/** What became of a claimed row. */
export type Outcome =
  | { readonly kind: 'published' }
  | { readonly kind: 'refused'; readonly waitMs: number; readonly error: string }
  /** Nothing was tried with it. */
  | { readonly kind: 'untried' }
  | {
      readonly kind: 'givenUp';
      readonly reason: GiveUpReason;
      /** Whether this was an attempt of its own. */
      readonly attempts: 0 | 1;
      readonly error: string | undefined;
    };

export interface SettledRow {
  readonly row: RetryRow;
  readonly outcome: Outcome;
}

/** What waits in a part: the head of a parked key, or (without a key) the next timer or replay. */
export interface WaitingHead {
  readonly part: number;
  readonly key: string | undefined;
  /** Until it is due, below 0 when it is; undefined where it waits for an operator. */
  readonly waitMs: number | undefined;
}
