import { createHash } from 'node:crypto';
import { statement, type Transaction } from '@app/common/database';
import { canonicalJson } from './canonical-json';
import { type Intent, type Malformed } from './intent';
import findFingerprints from './sql/find-fingerprints.sql';
import insertMalformed from './sql/insert-malformed.sql';
import insertRecords from './sql/insert-records.sql';

const STATEMENTS = {
  findFingerprints: statement('intents.find-fingerprints', findFingerprints),
  insertMalformed: statement('intents.insert-malformed', insertMalformed),
  insertRecords: statement('intents.insert-records', insertRecords),
};

/** An entry that is no intent, with all that it said. */
export interface MalformedEntry extends Malformed {
  readonly entryId: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** An intent as its record is to be. */
export interface RecordDraft extends Intent {
  /** Of the stream entry that it came in. */
  readonly entryId: string;
  /** When its recipients are to be looked up; undefined where they are known, so that it does not wait. */
  readonly lookUpInMs: number | undefined;
}

/** The statements of the intake. */
export class IntentStore {
  /** Writes records; returns the ids of those that were not there before. */
  async insert(transaction: Transaction, drafts: readonly RecordDraft[]): Promise<ReadonlySet<string>> {
    if (drafts.length === 0) return new Set();
    // In one order, so that two instances that accept the same intents cannot deadlock on their keys.
    const intents = [...drafts].sort((a, b) => (a.notificationId < b.notificationId ? -1 : 1));
    const rows = await transaction.query<{ notification_id: string }>(STATEMENTS.insertRecords, [
      intents.map(({ notificationId }) => notificationId),
      intents.map(({ tenantId }) => tenantId),
      intents.map(({ type }) => type.type),
      intents.map(({ producer }) => producer),
      intents.map(({ type }) => type.audience),
      intents.map(({ recipientUserIds }) => JSON.stringify(recipientUserIds)),
      intents.map(({ idempotencyKey }) => idempotencyKey),
      intents.map(({ fingerprint }) => fingerprint),
      intents.map(({ subject }) => subject),
      intents.map(({ payloadJson }) => payloadJson),
      intents.map(({ requestId }) => requestId ?? null),
      intents.map(({ traceId }) => traceId ?? null),
      intents.map(({ traceparent }) => traceparent),
      intents.map(({ occurredAtMs }) => occurredAtMs),
      intents.map(({ expiresAtMs }) => expiresAtMs),
      intents.map(({ eventId }) => eventId),
      intents.map(({ type }) => type.lane),
      intents.map(({ entryId }) => entryId),
      intents.map(({ lookUpInMs }) => lookUpInMs ?? null),
    ]);
    return new Set(rows.map(({ notification_id }) => notification_id));
  }

  async fingerprints(transaction: Transaction, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) return new Map();
    const rows = await transaction.query<{ notification_id: string; fingerprint: string }>(
      STATEMENTS.findFingerprints,
      [ids],
    );
    return new Map(rows.map((row) => [row.notification_id, row.fingerprint]));
  }

  /** Keeps what could not be accepted; the same entry again changes nothing. */
  async insertMalformed(transaction: Transaction, entries: readonly MalformedEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const kept = entries
      .map((entry) => ({ ...entry, json: storableJson(entry.fields) }))
      .sort((a, b) => (a.entryId < b.entryId ? -1 : 1));
    await transaction.query(STATEMENTS.insertMalformed, [
      kept.map(({ entryId }) => entryId),
      kept.map(({ json }) => createHash('sha256').update(json).digest('hex')),
      kept.map(({ code }) => code),
      kept.map(({ message }) => withoutNul(message)),
      kept.map(({ fields }) => withoutNul(fields['producer']) ?? null),
      kept.map(({ fields }) => withoutNul(fields['notification_type']) ?? null),
      kept.map(({ json }) => json),
      kept.map(({ fields }) => withoutNul(fields['event_id']) ?? null),
    ]);
  }
}

/** PostgreSQL's text and jsonb hold no NUL; it is shown as U+2400, so that what was malformed can still be kept. */
function withoutNul<Text extends string | undefined>(text: Text): Text | string {
  return text === undefined ? text : text.replaceAll('\u0000', '\u2400');
}

function storableJson(fields: Readonly<Record<string, string>>): string {
  return canonicalJson(
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [withoutNul(key), withoutNul(value)])),
  );
}
