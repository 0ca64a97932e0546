import { statement, type Transaction } from '@app/common/database';
import { newestOf, type RouteDraft } from './plan';
import insertRoutes from './sql/insert-routes.sql';
import noteNewest from './sql/note-newest.sql';

const INSERT = statement('routes.insert', insertRoutes);
const NOTE_NEWEST = statement('routes.note-newest', noteNewest);

/** Writes planned routes, and which events are the newest of their kind by them. */
export class DraftStore {
  async insert(transaction: Transaction, drafts: readonly RouteDraft[]): Promise<void> {
    if (drafts.length === 0) return;
    transaction.send(INSERT, [
      drafts.map(({ routeId }) => routeId),
      drafts.map(({ notificationId }) => notificationId),
      drafts.map(({ tenantId }) => tenantId),
      drafts.map(({ channel }) => channel),
      drafts.map(({ recipient }) => recipient),
      drafts.map(({ address }) => address ?? null),
      drafts.map(({ locale }) => locale),
      drafts.map(({ timezone }) => timezone),
      drafts.map(({ units }) => units),
      drafts.map(({ lane }) => lane),
      drafts.map(({ collapseKey }) => collapseKey ?? null),
      drafts.map(({ skipReason }) => skipReason ?? null),
      drafts.map(({ maxAttempts }) => maxAttempts),
    ]);
    const newest = newestOf(drafts);
    if (newest.length === 0) return;
    await transaction.query(NOTE_NEWEST, [
      newest.map(({ tenantId }) => tenantId),
      newest.map(({ channel }) => channel),
      newest.map(({ recipient }) => recipient),
      newest.map(({ collapseKey }) => collapseKey),
      newest.map(({ occurredAtMs }) => occurredAtMs),
      newest.map(({ notificationId }) => notificationId),
    ]);
  }
}
