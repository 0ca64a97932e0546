import { type OutboxPosition } from '@app/common/contracts';

/** A message as it was read from the outbox. */
export interface OutboxMessage {
  readonly part: number;
  readonly position: OutboxPosition;
  /** The position as the marks of its streams hold it. */
  readonly mark: string;
  readonly topic: string;
  readonly key: string;
  readonly eventId: string;
  readonly traceparent: string;
  /** JSON map of the target stream's fields. */
  readonly payload: string;
  readonly createdAt: Date;
}
