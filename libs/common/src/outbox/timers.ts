import { z } from 'zod';
import { OUTBOX_TOPICS, type OutboxDraft, type OutboxTopic } from '../contracts';
import { statement } from '../database';
import { OdographError } from '../errors';
import { columnsOf } from './columns';
import { type OutboxTransaction, runnerOf } from './open-transaction';
import appendTimers from './sql/append-timers.sql';
import cancelTimerSql from './sql/cancel-timer.sql';

const APPEND_TIMERS = statement('outbox.append-timers', appendTimers);
const CANCEL_TIMER = statement('outbox.cancel-timer', cancelTimerSql);

/** When a message is to be published: after some time, or at a time, or (with neither) now. */
export type Activation =
  | {
      /** Milliseconds from the moment of appending, on the database's clock. */
      readonly activateIn: number;
      readonly activateAt?: never;
    }
  | {
      /** A Date, or ISO 8601 text with `Z` or an offset. A time that has passed means now. */
      readonly activateAt: Date | string;
      readonly activateIn?: never;
    };

/** A timer of its own name: of one topic and id there is at most one that still waits. */
export interface NamedTimer {
  /** 1 to 255 characters. Free again when it has been published or cancelled: no idempotency key for ever. */
  readonly timerId: string;
}

export type TimerOptions =
  (Activation & Partial<NamedTimer>) | (NamedTimer & Partial<Record<keyof Activation, never>>);

/** `exists`: one of this topic and id waits or is on its way out; it was left as it is, and nothing was written. */
export type TimerOutcome = 'set' | 'exists';

const TEN_YEARS_MS = 10 * 366 * 86_400_000;

const timerId = z.string().min(1).max(255);
const timerOptions = z.strictObject({
  activateIn: z.number().int().min(0).max(TEN_YEARS_MS).optional(),
  activateAt: z
    .union([z.date(), z.iso.datetime({ offset: true, error: 'is no ISO 8601 time with Z or an offset' })])
    .optional(),
  timerId: timerId.optional(),
});

interface CheckedOptions {
  readonly inMs: number | null;
  readonly at: string | null;
  readonly timerId: string | null;
}

/** @throws OdographError OUTBOX_MESSAGE_INVALID naming what does not fit. */
export function checkTimerOptions(options: TimerOptions | Activation): CheckedOptions {
  const result = timerOptions.safeParse(options);
  if (!result.success) {
    throw invalid(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  }
  const { activateIn, activateAt, timerId: id } = result.data;
  if (activateIn !== undefined && activateAt !== undefined) {
    throw invalid('activateIn and activateAt are two times: give one');
  }
  if (activateIn === undefined && activateAt === undefined && id === undefined) {
    throw invalid('give activateIn, activateAt or timerId, or append it without options');
  }
  const at = activateAt === undefined ? null : new Date(activateAt).toISOString();
  // PostgreSQL does not read the signed years that this text then has.
  if (at !== null && !/^\d{4}-/.test(at)) throw invalid('activateAt: is not in the years 0 to 9999');
  return { inMs: at === null ? (activateIn ?? 0) : null, at, timerId: id ?? null };
}

/** Writes drafts that were checked before; gives how many were new. */
export async function insertTimers(
  transaction: OutboxTransaction,
  drafts: readonly OutboxDraft[],
  { timerId: id, inMs, at }: CheckedOptions,
): Promise<number> {
  return (await runnerOf(transaction)(APPEND_TIMERS, [...columnsOf(drafts), id, inMs, at])).length;
}

/**
 * Takes a timer back in the caller's transaction, so that it is gone exactly when the change is there that makes it
 * needless. False: there is none, it has been published, or a relay is publishing it now.
 *
 * @throws OdographError TRANSACTION_REQUIRED outside an open transaction, OUTBOX_MESSAGE_INVALID for an unknown topic
 * or a name that cannot be one.
 */
export async function cancelTimer(
  transaction: OutboxTransaction,
  timer: { readonly topic: OutboxTopic } & NamedTimer,
): Promise<boolean> {
  const run = runnerOf(transaction);
  const result = z.object({ topic: z.enum(OUTBOX_TOPICS), timerId }).safeParse(timer);
  if (!result.success) {
    throw invalid(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  }
  return (await run(CANCEL_TIMER, [result.data.topic, result.data.timerId])).length > 0;
}

function invalid(detail: string): OdographError {
  return new OdographError('OUTBOX_MESSAGE_INVALID', { detail });
}
