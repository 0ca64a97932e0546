import { type Database, statement } from '@app/common/database';
import { type PushTarget } from './push-client';
import { type PushMessage } from './push-message';
import claimDeliveries from './sql/claim-deliveries.sql';
import deferDeliveries from './sql/defer-deliveries.sql';
import deleteSubscription from './sql/delete-subscription.sql';
import dropDeliveriesOfOthers from './sql/drop-deliveries-of-others.sql';
import findSubscriptions from './sql/find-subscriptions.sql';
import finishDeliveries from './sql/finish-deliveries.sql';
import limitSubscriptions from './sql/limit-subscriptions.sql';
import noteDelivered from './sql/note-delivered.sql';
import noteFailed from './sql/note-failed.sql';
import removeGone from './sql/remove-gone.sql';
import upsertSubscription from './sql/upsert-subscription.sql';

const STATEMENTS = {
  upsert: statement('web-push.upsert', upsertSubscription),
  limit: statement('web-push.limit', limitSubscriptions),
  dropOfOthers: statement('web-push.drop-of-others', dropDeliveriesOfOthers),
  remove: statement('web-push.remove', deleteSubscription),
  find: statement('web-push.find', findSubscriptions),
  delivered: statement('web-push.delivered', noteDelivered),
  failed: statement('web-push.failed', noteFailed),
  gone: statement('web-push.gone', removeGone),
  defer: statement('web-push.defer', deferDeliveries),
  claim: statement('web-push.claim', claimDeliveries),
  finish: statement('web-push.finish', finishDeliveries),
};

export interface Subscription extends PushTarget {
  readonly id: bigint;
  readonly userId: string;
  readonly deviceSessionId: string | undefined;
}

export interface NewSubscription extends PushTarget {
  readonly userId: string;
  readonly tenantId: string;
  readonly deviceSessionId: string | undefined;
}

/** One message to one subscription. */
export interface Delivery {
  readonly subscription: Subscription;
  readonly message: PushMessage;
  /** This one included. */
  readonly attempts: number;
}

export interface DeferredDelivery extends Delivery {
  readonly delayMs: number;
  readonly error: string;
}

/** What became of a batch of deliveries. */
export interface Settlement {
  readonly delivered: readonly Delivery[];
  /** Their subscriptions are gone. */
  readonly gone: readonly Delivery[];
  readonly failed: readonly { readonly delivery: Delivery; readonly error: string }[];
  readonly deferred: readonly DeferredDelivery[];
}

interface SubscriptionRow {
  readonly id: bigint;
  readonly user_id: string;
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
  readonly device_session_id: string | null;
}

interface DeliveryRow extends SubscriptionRow {
  readonly event_id: string;
  readonly body: string;
  readonly topic: string | null;
  readonly urgency: 'normal' | 'high';
  readonly attempts: number;
  readonly expires_at: Date;
}

/** Browsers that one person uses; of more the least lately reached ones go. */
const MAX_PER_USER = 20;

/** The statements on `notification.push_subscription` and `notification.push_delivery`. */
export class SubscriptionStore {
  constructor(private readonly database: Database) {}

  /** An endpoint is of who registered it last: a browser in which somebody else has signed in. */
  async register({
    userId,
    tenantId,
    endpoint,
    p256dh,
    auth,
    deviceSessionId,
  }: NewSubscription): Promise<void> {
    await this.database.transaction(async (transaction) => {
      await transaction.query(STATEMENTS.dropOfOthers, [userId, endpoint]);
      await transaction.query(STATEMENTS.upsert, [
        ...[tenantId, userId, endpoint, p256dh, auth],
        deviceSessionId ?? null,
      ]);
      await transaction.query(STATEMENTS.limit, [userId, MAX_PER_USER]);
    });
  }

  /** False where the user has no such subscription. */
  async unregister(userId: string, endpoint: string): Promise<boolean> {
    return (await this.database.query(STATEMENTS.remove, [userId, endpoint])).length > 0;
  }

  async ofUsers(userIds: readonly string[]): Promise<Subscription[]> {
    if (userIds.length === 0) return [];
    return (await this.database.query<SubscriptionRow>(STATEMENTS.find, [userIds])).map(subscriptionOf);
  }

  /** Due deliveries; they are due again after `leaseMs` unless they are settled before. */
  async claimDue(limit: number, leaseMs: number): Promise<Delivery[]> {
    const rows = await this.database.query<DeliveryRow>(STATEMENTS.claim, [limit, leaseMs]);
    return rows.map((row) => ({
      subscription: subscriptionOf(row),
      message: {
        ...{ eventId: row.event_id, body: row.body, topic: row.topic ?? undefined, urgency: row.urgency },
        expiresAtMs: row.expires_at.getTime(),
      },
      attempts: row.attempts,
    }));
  }

  /** All of it or nothing. @param wereDeferred They have rows already, which go with what is not deferred again. */
  async settle(settlement: Settlement, wereDeferred: boolean): Promise<void> {
    const { delivered, gone, failed, deferred } = settlement;
    await this.database.transaction(async (transaction) => {
      if (deferred.length > 0) await transaction.query(STATEMENTS.defer, deferredParams(deferred));
      const done = [...delivered, ...failed.map(({ delivery }) => delivery)];
      if (wereDeferred && done.length > 0) {
        await transaction.query(STATEMENTS.finish, [idsOf(done), done.map(({ message }) => message.eventId)]);
      }
      if (delivered.length > 0) await transaction.query(STATEMENTS.delivered, [idsOf(delivered)]);
      const unhappy = [...failed, ...deferred.map((delivery) => ({ delivery, error: delivery.error }))];
      if (unhappy.length > 0) {
        const ids = idsOf(unhappy.map(({ delivery }) => delivery));
        await transaction.query(STATEMENTS.failed, [ids, unhappy.map(({ error }) => error)]);
      }
      if (gone.length > 0) await transaction.query(STATEMENTS.gone, [idsOf(gone)]);
    });
  }
}

const idsOf = (deliveries: readonly Delivery[]): bigint[] =>
  deliveries.map(({ subscription }) => subscription.id);

/** Each (subscription, event) once: a statement that meets a row twice is refused. */
function deferredParams(deferred: readonly DeferredDelivery[]): readonly unknown[] {
  const once = [
    ...new Map(
      deferred.map((each) => [JSON.stringify([String(each.subscription.id), each.message.eventId]), each]),
    ).values(),
  ];
  return [
    idsOf(once),
    once.map(({ message }) => message.eventId),
    once.map(({ message }) => message.body),
    once.map(({ message }) => message.topic ?? null),
    once.map(({ message }) => message.urgency),
    once.map(({ attempts }) => attempts),
    once.map(({ delayMs }) => Math.ceil(delayMs)),
    once.map(({ message }) => new Date(message.expiresAtMs)),
    once.map(({ error }) => error),
  ];
}

function subscriptionOf(row: SubscriptionRow): Subscription {
  const { id, user_id: userId, endpoint, p256dh, auth, device_session_id: deviceSessionId } = row;
  return { id, userId, endpoint, p256dh, auth, deviceSessionId: deviceSessionId ?? undefined };
}
