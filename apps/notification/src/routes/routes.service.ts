import { type Channel } from '@app/common/contracts';
import { type Transaction } from '@app/common/database';
import { type UserAccount } from '../directory';
import { planRoutes } from './plan';
import { type RouteStore } from './route-store';

export interface AcceptedRecord {
  readonly notificationId: string;
  readonly tenantId: string;
  readonly channels: readonly Channel[];
  readonly recipientUserIds: readonly string[];
}

/** Plans the routes of accepted records and tells the publishers that there is work. */
export class RoutesService {
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly store: RouteStore,
    private readonly maxAttempts: Readonly<Record<Channel, number>>,
  ) {}

  /** Writes one route per recipient and channel, in the transaction that accepts the records. */
  async open(
    transaction: Transaction,
    records: readonly AcceptedRecord[],
    accounts: ReadonlyMap<string, UserAccount>,
  ): Promise<void> {
    const drafts = records.flatMap((record) =>
      planRoutes({ ...record, accounts, maxAttempts: this.maxAttempts }),
    );
    await this.store.insert(transaction, drafts);
  }

  /** Called after the commit of new routes. */
  announce(): void {
    for (const listener of this.listeners) listener();
  }

  onOpened(listener: () => void): void {
    this.listeners.push(listener);
  }
}
