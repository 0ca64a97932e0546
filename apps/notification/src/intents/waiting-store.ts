import { INTENT_CATALOG, type IntentType, type Lane } from '@app/common/contracts';
import { type Database, statement, type Transaction } from '@app/common/database';
import { type Intent } from './intent';
import claimWaiting from './sql/claim-waiting.sql';
import findHeldBack from './sql/find-held-back.sql';
import findOvertaking from './sql/find-overtaking.sql';
import lockSubjects from './sql/lock-subjects.sql';
import postponeWaiting from './sql/postpone-waiting.sql';
import settleWaiting from './sql/settle-waiting.sql';
import waitingSummary from './sql/waiting-summary.sql';
import wakeWaiting from './sql/wake-waiting.sql';

const STATEMENTS = {
  claim: statement('intents.claim-waiting', claimWaiting),
  heldBack: statement('intents.find-held-back', findHeldBack),
  overtaking: statement('intents.find-overtaking', findOvertaking),
  lock: statement('intents.lock-subjects', lockSubjects),
  postpone: statement('intents.postpone-waiting', postponeWaiting),
  settle: statement('intents.settle-waiting', settleWaiting),
  summary: statement('intents.waiting-summary', waitingSummary),
  wake: statement('intents.wake-waiting', wakeWaiting),
};

interface WaitingRow extends Record<string, unknown> {
  readonly notification_id: string;
  readonly tenant_id: string;
  readonly notification_type: string;
  readonly producer: string;
  readonly audience_kind: string;
  readonly recipient_user_ids: readonly string[];
  readonly idempotency_key: string;
  readonly subject: string;
  readonly lane: Lane;
  readonly payload_json: string;
  readonly request_id: string | null;
  readonly trace_id: string | null;
  readonly traceparent: string;
  readonly occurred_at: Date;
  readonly expires_at: Date | null;
  readonly event_id: string | null;
  readonly stream_entry_id: string | null;
  readonly lookups: number;
}

/** A record whose recipients are to be looked up. */
export interface WaitingRecord {
  readonly notificationId: string;
  readonly tenantId: string;
  readonly subject: string;
  readonly lane: Lane;
  /** Undefined for one that the catalog of this version does not know. */
  readonly type: IntentType | undefined;
  readonly recipientUserIds: readonly string[];
  readonly payloadJson: string;
  readonly occurredAtMs: number;
  /** Lookups that failed since the last one that did not. */
  readonly lookups: number;
  /** Of the stream entry; unknown for one of an earlier version. */
  readonly entryId: string;
  /** The intent's fields, but for the ways of writing that make no difference. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What is to be tried again later. */
export interface Postponed {
  readonly notificationId: string;
  readonly delayMs: number;
  /** Lookups that failed since the last one that did not. */
  readonly lookups: number;
  readonly error: string | undefined;
}

type Placed = Pick<Intent, 'tenantId' | 'subject'>;

/** The statements on records that wait for their recipients. */
export class WaitingStore {
  constructor(private readonly database: Database) {}

  /** Until the transaction ends nobody else decides about these subjects. */
  lockSubjects(transaction: Transaction, records: readonly Placed[]): void {
    transaction.send(STATEMENTS.lock, [
      records.map(({ tenantId }) => tenantId),
      records.map(({ subject }) => subject),
    ]);
  }

  /** Those of the intents that would overtake a waiting record of their subject, lane and recipients. */
  async overtaking(transaction: Transaction, intents: readonly Intent[]): Promise<ReadonlySet<string>> {
    if (intents.length === 0) return new Set();
    return idsOf(
      await transaction.query<IdRow>(STATEMENTS.overtaking, [
        intents.map(({ notificationId }) => notificationId),
        intents.map(({ tenantId }) => tenantId),
        intents.map(({ subject }) => subject),
        intents.map(({ type }) => type.lane),
        intents.map(({ occurredAtMs }) => occurredAtMs),
        intents.map(({ recipientUserIds }) => JSON.stringify(recipientUserIds)),
      ]),
    );
  }

  /** Urgent ones first, then those that are due the longest; nobody else gets them for `leaseMs`. */
  async claim(limit: number, leaseMs: number): Promise<WaitingRecord[]> {
    const rows = await this.database.query<WaitingRow>(STATEMENTS.claim, [limit, leaseMs]);
    return rows.map(waitingRecordOf);
  }

  async heldBack(transaction: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return idsOf(await transaction.query<IdRow>(STATEMENTS.heldBack, [ids]));
  }

  /** They wait no longer; returns those that nobody else had settled. */
  async settle(transaction: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return idsOf(await transaction.query<IdRow>(STATEMENTS.settle, [ids]));
  }

  /** What waits behind these, up to `limit` of each subject, is due now; but for who is known to wait for others. */
  wakeBehind(
    transaction: Transaction,
    records: readonly WaitingRecord[],
    limit: number,
    except: readonly string[],
  ): void {
    transaction.send(STATEMENTS.wake, [
      records.map(({ tenantId }) => tenantId),
      records.map(({ subject }) => subject),
      records.map(({ lane }) => lane),
      limit,
      except,
    ]);
  }

  postponeIn(transaction: Transaction, postponed: readonly Postponed[]): void {
    if (postponed.length > 0) transaction.send(STATEMENTS.postpone, postponement(postponed));
  }

  async postpone(postponed: readonly Postponed[]): Promise<void> {
    if (postponed.length > 0) await this.database.query(STATEMENTS.postpone, postponement(postponed));
  }

  async summary(): Promise<{ readonly records: number; readonly oldestAgeMs: number }> {
    const [row] = await this.database.query<{ records: number; oldest_age_ms: number }>(STATEMENTS.summary);
    return { records: row?.records ?? 0, oldestAgeMs: Math.max(0, row?.oldest_age_ms ?? 0) };
  }
}

interface IdRow extends Record<string, unknown> {
  readonly notification_id: string;
}

const idsOf = (rows: readonly IdRow[]): ReadonlySet<string> =>
  new Set(rows.map(({ notification_id }) => notification_id));

function postponement(postponed: readonly Postponed[]): unknown[] {
  return [
    postponed.map(({ notificationId }) => notificationId),
    postponed.map(({ delayMs }) => delayMs),
    postponed.map(({ lookups }) => lookups),
    postponed.map(({ error }) => error ?? null),
  ];
}

function waitingRecordOf(row: WaitingRow): WaitingRecord {
  return {
    notificationId: row.notification_id,
    tenantId: row.tenant_id,
    subject: row.subject,
    lane: row.lane,
    type: INTENT_CATALOG.get(row.notification_type),
    recipientUserIds: row.recipient_user_ids,
    payloadJson: row.payload_json,
    occurredAtMs: row.occurred_at.getTime(),
    lookups: row.lookups,
    entryId: row.stream_entry_id ?? `record:${row.notification_id}`,
    fields: fieldsOf(row),
  };
}

function fieldsOf(row: WaitingRow): Record<string, string> {
  const fields: Record<string, string | undefined> = {
    event_id: row.event_id ?? undefined,
    traceparent: row.traceparent,
    notification_type: row.notification_type,
    producer: row.producer,
    audience_kind: row.audience_kind,
    recipient_user_ids_json: JSON.stringify(row.recipient_user_ids),
    idempotency_key: row.idempotency_key,
    subject: row.subject,
    tenant_id: row.tenant_id,
    occurred_at_ms: String(row.occurred_at.getTime()),
    expires_at_ms: row.expires_at === null ? undefined : String(row.expires_at.getTime()),
    payload_json: row.payload_json,
    request_id: row.request_id ?? undefined,
    trace_id: row.trace_id ?? undefined,
  };
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  );
}
