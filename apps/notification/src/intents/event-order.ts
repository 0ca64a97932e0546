import { type Lane } from '@app/common/contracts';

/** What has a place in the order of its subject. */
export interface Ordered {
  readonly notificationId: string;
  readonly tenantId: string;
  readonly subject: string;
  readonly recipientUserIds: readonly string[];
  readonly occurredAtMs: number;
}

/** By event time; of one time by id, as SQL compares (occurred_at, notification_id). */
export function inEventOrder<Each extends Ordered>(records: readonly Each[]): Each[] {
  return [...records].sort(
    (a, b) => a.occurredAtMs - b.occurredAtMs || (a.notificationId < b.notificationId ? -1 : 1),
  );
}

/** What waits, gone through in event order: whoever comes later for one of the same people has to wait too. */
export class HeldBack {
  /** User ids by subject and lane. */
  private readonly waiting = new Map<string, Set<string>>();

  holds(record: Ordered, lane: Lane): boolean {
    const users = this.waiting.get(keyOf(record, lane));
    return users !== undefined && record.recipientUserIds.some((userId) => users.has(userId));
  }

  add(record: Ordered, lane: Lane): void {
    const key = keyOf(record, lane);
    const users = this.waiting.get(key) ?? new Set();
    for (const userId of record.recipientUserIds) users.add(userId);
    this.waiting.set(key, users);
  }
}

const keyOf = ({ tenantId, subject }: Ordered, lane: Lane): string =>
  JSON.stringify([tenantId, subject, lane]);
