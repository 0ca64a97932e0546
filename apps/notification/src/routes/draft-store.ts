import { BinaryArray, type BinaryType, binaryTypes, statement, type Transaction } from '@app/common/database';
import { newestOf, type RouteDraft } from './plan';
import insertRoutes from './sql/insert-routes.sql';
import noteNewest from './sql/note-newest.sql';

const INSERT = statement('routes.insert', insertRoutes);
const NOTE_NEWEST = statement('routes.note-newest', noteNewest);

/** Writes planned routes, and which events are the newest of their kind by them. */
export class DraftStore {
  async insert(transaction: Transaction, drafts: readonly RouteDraft[]): Promise<void> {
    if (drafts.length === 0) return;
    const { text, uuid, int4 } = binaryTypes;
    const column = <Value>(type: BinaryType<Value>, valueOf: (draft: RouteDraft) => Value | null): Buffer =>
      BinaryArray.of(type, drafts.map(valueOf));
    transaction.send(INSERT, [
      column(text, ({ routeId }) => routeId),
      column(uuid, ({ notificationId }) => notificationId),
      column(text, ({ tenantId }) => tenantId),
      column(text, ({ channel }) => channel),
      column(text, ({ recipient }) => recipient),
      column(text, ({ address }) => address ?? null),
      column(text, ({ locale }) => locale),
      column(text, ({ timezone }) => timezone),
      column(text, ({ units }) => units),
      column(text, ({ lane }) => lane),
      column(text, ({ collapseKey }) => collapseKey ?? null),
      column(text, ({ skipReason }) => skipReason ?? null),
      column(int4, ({ maxAttempts }) => maxAttempts),
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
