import { createHash } from 'node:crypto';
import { BinaryArray, type BinaryType, binaryTypes, statement, type Transaction } from '@app/common/database';
import { canonicalJson } from '@app/common/contracts';
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
    const { text, uuid, int8, jsonb } = binaryTypes;
    const column = <Value>(type: BinaryType<Value>, valueOf: (intent: RecordDraft) => Value | null): Buffer =>
      BinaryArray.of(type, intents.map(valueOf));
    const rows = await transaction.query<{ notification_id: string }>(STATEMENTS.insertRecords, [
      column(uuid, ({ notificationId }) => notificationId),
      column(text, ({ tenantId }) => tenantId),
      column(text, ({ type }) => type.type),
      column(text, ({ producer }) => producer),
      column(text, ({ type }) => type.audience),
      column(jsonb, ({ recipientUserIds }) => JSON.stringify(recipientUserIds)),
      column(text, ({ idempotencyKey }) => idempotencyKey),
      column(text, ({ fingerprint }) => fingerprint),
      column(text, ({ subject }) => subject),
      column(jsonb, ({ payloadJson }) => payloadJson),
      column(text, ({ requestId }) => requestId ?? null),
      column(text, ({ traceId }) => traceId ?? null),
      column(text, ({ traceparent }) => traceparent),
      column(int8, ({ occurredAtMs }) => occurredAtMs),
      column(int8, ({ expiresAtMs }) => expiresAtMs),
      column(text, ({ eventId }) => eventId),
      column(text, ({ type }) => type.lane),
      column(text, ({ entryId }) => entryId),
      column(int8, ({ lookUpInMs }) => lookUpInMs ?? null),
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
