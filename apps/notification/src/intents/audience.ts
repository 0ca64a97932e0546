import { type Transaction } from '@app/common/database';
import { type Administrators, type Directory, type FoundAccounts } from '../directory';
import { administratorsAsRecipients, type RouteRecipient, usersAsRecipients } from '../routes';
import { HeldBack, inEventOrder } from './event-order';
import { type Intent } from './intent';
import { type WaitingStore } from './waiting-store';

/** What can be said at once of who an intent is for. */
export type Standing =
  | { readonly kind: 'known'; readonly recipients: readonly RouteRecipient[] }
  /** None of those that it names exists. */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'waiting'; readonly lookUpInMs: number };

/** Rest of what only stands behind another; that one wakes it when it is settled. */
export const HELD_BACK_REST_MS = 30_000;

/** Tells who intents are for, and which of them must wait: for a lookup, or behind one that does. */
export class Audience {
  constructor(
    private readonly directory: Directory,
    private readonly administrators: Pick<Administrators, 'of'>,
    private readonly waiting: WaitingStore,
  ) {}

  /** By intent, as they are given. */
  async of(transaction: Transaction, intents: readonly Intent[]): Promise<ReadonlyMap<Intent, Standing>> {
    const forUsers = intents.filter(({ type }) => type.audience === 'user');
    // With a table nothing new comes to wait, and what still does is looked at all the same.
    if (this.directory.isRemote && forUsers.length > 0) this.waiting.lockSubjects(transaction, forUsers);
    const [found, overtaking] = await Promise.all([
      this.directory.find(transaction, [
        ...new Set(forUsers.flatMap(({ recipientUserIds }) => recipientUserIds)),
      ]),
      this.waiting.overtaking(transaction, forUsers),
    ]);
    const standings = new Map<Intent, Standing>();
    const held = new HeldBack();
    for (const intent of inEventOrder(intents)) {
      const { lane } = intent.type;
      const isHeld = overtaking.has(intent.notificationId) || held.holds(intent, lane);
      const standing = this.standingOf(intent, found, isHeld);
      if (standing.kind === 'waiting') held.add(intent, lane);
      standings.set(intent, standing);
    }
    return standings;
  }

  private standingOf(intent: Intent, { accounts, unresolved }: FoundAccounts, isHeld: boolean): Standing {
    const { type, recipientUserIds } = intent;
    if (type.audience === 'admin_email') {
      return {
        kind: 'known',
        recipients: administratorsAsRecipients(type.type, this.administrators.of(type.type)),
      };
    }
    if (recipientUserIds.some((userId) => unresolved.has(userId))) return { kind: 'waiting', lookUpInMs: 0 };
    if (!recipientUserIds.some((userId) => accounts.has(userId))) return { kind: 'nobody' };
    if (isHeld) return { kind: 'waiting', lookUpInMs: HELD_BACK_REST_MS };
    return { kind: 'known', recipients: usersAsRecipients(recipientUserIds, accounts) };
  }
}
