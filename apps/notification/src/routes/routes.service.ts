import { type Channel } from '@app/common/contracts';
import { type Transaction } from '@app/common/database';
import { type DraftStore } from './draft-store';
import { planRoutes, type RoutableRecord } from './plan';

/** Plans the routes of accepted records and tells the publishers that there is work. */
export class RoutesService {
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly store: DraftStore,
    private readonly maxAttempts: Readonly<Record<Channel, number>>,
  ) {}

  /** Writes one route per recipient and channel, in the transaction that accepts the records. */
  async open(transaction: Transaction, records: readonly RoutableRecord[]): Promise<void> {
    await this.store.insert(
      transaction,
      records.flatMap((record) => planRoutes(record, this.maxAttempts)),
    );
  }

  /** Called after the commit of new routes. */
  announce(): void {
    for (const listener of this.listeners) listener();
  }

  onOpened(listener: () => void): void {
    this.listeners.push(listener);
  }
}
