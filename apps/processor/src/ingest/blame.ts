import { isDataError, isOutage, isTransactionTooSlow, sqlStateOf } from '@app/common/database';
import { hasCode, OdographError } from '@app/common/errors';

/**
 * Whose fault it is that a transaction failed. `record`: one of its records; find it and park it. `size`: there were too
 * many. `nobody`: an outage, a lost lease, a missing table; the same work may well pass later and spends no attempt.
 * `us`: an error of our own code, which is held against a record only after some attempts.
 */
export type Blame = 'record' | 'size' | 'nobody' | 'us';

/**
 * @param deliveries the most that an entry of the transaction was handed out: they rise with every take-over, so that a
 * few of them prove nothing, and failing alone is asked for as well.
 */
export function blameOf(error: unknown, deliveries: number, maxAttempts: number): Blame {
  if (isDataError(error) || hasCode(error, 'OUTBOX_MESSAGE_INVALID')) return 'record';
  if (isTransactionTooSlow(error)) return 'size';
  if (isOutage(error) || sqlStateOf(error) !== undefined || error instanceof OdographError) return 'nobody';
  return deliveries >= maxAttempts ? 'record' : 'us';
}
