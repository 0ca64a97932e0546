import { type IntentType } from '@app/common/contracts';
import { type Database, isDataError, type Transaction } from '@app/common/database';
import { describeError } from '@app/common/errors';
import { fault } from '@app/common/observability';
import { type UserAccount } from '../directory';
import { type RoutesService, usersAsRecipients } from '../routes';
import { HELD_BACK_REST_MS } from './audience';
import { HeldBack, inEventOrder } from './event-order';
import { type Malformed } from './intent';
import { type IntentStore } from './intent-store';
import { type WaitingRecord, type WaitingStore } from './waiting-store';

/** A waiting record and who its recipients are; ids that nobody has are missing among the accounts. */
export interface ResolvedRecord {
  readonly record: WaitingRecord;
  readonly accounts: ReadonlyMap<string, UserAccount>;
}

/** What became of resolved records. */
export interface Settled {
  readonly routed: number;
  readonly malformed: readonly ({ readonly record: WaitingRecord } & Malformed)[];
}

/** How many of a subject follow at once on one that was settled. */
const WAKE_LIMIT = 100;

/**
 * Gives waiting records their routes, in one transaction for each batch and in the order of their events: what something
 * earlier holds back goes on waiting. Of several instances that settle the same record, one does.
 */
export class Resolution {
  constructor(
    private readonly database: Database,
    private readonly records: IntentStore,
    private readonly waiting: WaitingStore,
    private readonly routes: RoutesService,
  ) {}

  /** Records that the database refuses are put aside one by one. @throws what the database throws besides. */
  async settle(resolved: readonly ResolvedRecord[]): Promise<Settled> {
    if (resolved.length === 0) return { routed: 0, malformed: [] };
    try {
      return await this.database.transaction((transaction) => this.write(transaction, resolved));
    } catch (error) {
      if (!isDataError(error)) throw error;
      const [only, ...others] = resolved;
      if (only !== undefined && others.length === 0) return this.refuse(only.record, describeError(error));
      // In event order, so that no half holds the other one back.
      const ordered = inEventOrder(resolved.map(({ record }) => record));
      const middle = new Set(ordered.slice(0, Math.ceil(ordered.length / 2)));
      const before = await this.settle(resolved.filter(({ record }) => middle.has(record)));
      const after = await this.settle(resolved.filter(({ record }) => !middle.has(record)));
      return { routed: before.routed + after.routed, malformed: [...before.malformed, ...after.malformed] };
    }
  }

  private async write(transaction: Transaction, resolved: readonly ResolvedRecord[]): Promise<Settled> {
    const accounts = new Map(resolved.map(({ record, accounts }) => [record, accounts]));
    const ordered = inEventOrder(resolved.map(({ record }) => record));
    this.waiting.lockSubjects(transaction, ordered);
    const { ready, heldBack } = await this.separate(transaction, ordered);
    this.waiting.postponeIn(
      transaction,
      heldBack.map(({ notificationId }) => ({
        ...{ notificationId, delayMs: HELD_BACK_REST_MS, lookups: 0, error: undefined },
      })),
    );
    const ours = await this.waiting.settle(
      transaction,
      ready.map(({ notificationId }) => notificationId),
    );
    fault('intents.after-settle-waiting');
    const malformed: ({ record: WaitingRecord } & Malformed)[] = [];
    const routable = ready
      .filter(({ notificationId }) => ours.has(notificationId))
      .flatMap((record) => {
        const known = accounts.get(record) ?? new Map<string, UserAccount>();
        const judged = payloadOf(record);
        if (judged.kind === 'malformed') {
          malformed.push({ record, ...judged.reason });
          return [];
        }
        if (known.size === 0) {
          malformed.push({ record, code: 'recipient_not_found', message: 'no recipient is known' });
        }
        return [
          {
            ...record,
            type: judged.type,
            payload: judged.payload,
            recipients: usersAsRecipients(record.recipientUserIds, known),
          },
        ];
      });
    await this.routes.open(transaction, routable);
    await this.records.insertMalformed(
      transaction,
      malformed.map(({ record, ...reason }) => ({ ...reason, ...record })),
    );
    this.waiting.wakeBehind(
      transaction,
      ready,
      WAKE_LIMIT,
      heldBack.map(({ notificationId }) => notificationId),
    );
    fault('intents.before-commit-waiting');
    return { routed: routable.length, malformed };
  }

  private async separate(
    transaction: Transaction,
    ordered: readonly WaitingRecord[],
  ): Promise<{ readonly ready: readonly WaitingRecord[]; readonly heldBack: readonly WaitingRecord[] }> {
    const behindOthers = await this.waiting.heldBack(
      transaction,
      ordered.map(({ notificationId }) => notificationId),
    );
    const held = new HeldBack();
    const ready: WaitingRecord[] = [];
    const heldBack: WaitingRecord[] = [];
    for (const record of ordered) {
      if (behindOthers.has(record.notificationId) || held.holds(record, record.lane)) {
        held.add(record, record.lane);
        heldBack.push(record);
      } else ready.push(record);
    }
    return { ready, heldBack };
  }

  /** It waits no longer and gets no routes. */
  private async refuse(record: WaitingRecord, message: string): Promise<Settled> {
    const reason = { code: 'record_rejected', message } as const;
    await this.database.transaction(async (transaction) => {
      const ours = await this.waiting.settle(transaction, [record.notificationId]);
      if (ours.size > 0) await this.records.insertMalformed(transaction, [{ ...reason, ...record }]);
      this.waiting.wakeBehind(transaction, [record], WAKE_LIMIT, []);
    });
    return { routed: 0, malformed: [{ record, ...reason }] };
  }
}

type Judged =
  | { readonly kind: 'good'; readonly type: IntentType; readonly payload: unknown }
  | { readonly kind: 'malformed'; readonly reason: Malformed };

/** The catalog may be another than the one that accepted it. */
function payloadOf({ type, payloadJson }: WaitingRecord): Judged {
  if (type === undefined) {
    const message = 'the catalog has lost its type';
    return { kind: 'malformed', reason: { code: 'type_unknown', message } };
  }
  const payload = type.payload.safeParse(JSON.parse(payloadJson));
  if (payload.success) return { kind: 'good', type, payload: payload.data };
  const message = 'its type has another payload by now';
  return { kind: 'malformed', reason: { code: 'payload_invalid', message } };
}
