import { isDataError, isOutage, isTransactionTooSlow, sqlStateOf } from '@app/common/database';
import { hasCode, OdographError } from '@app/common/errors';

/**
 * Whose fault it is that a transaction failed. `entry`: one of its entries; find it and park it. `size`: there were too
 * many. `nobody`: an outage, a lost lease, a missing table; the same work may well pass later.
 */
export type Blame = 'entry' | 'size' | 'nobody';

/**
 * So often is an entry handed out before an error of our own code is held against it: deliveries rise with every
 * take-over and every outage, so that a few of them prove nothing.
 */
const PATIENT_DELIVERIES = 5;

export function blameOf(error: unknown, mostDeliveries: number): Blame {
  if (isDataError(error) || hasCode(error, 'OUTBOX_MESSAGE_INVALID')) return 'entry';
  if (isTransactionTooSlow(error)) return 'size';
  if (isOutage(error) || sqlStateOf(error) !== undefined || error instanceof OdographError) return 'nobody';
  return mostDeliveries > PATIENT_DELIVERIES ? 'entry' : 'nobody';
}
