import { type Database, statement } from '@app/common/database';
import { type DeliveryDraft } from './command';
import claimDeliveries from './sql/claim-deliveries.sql';
import deliverySchedule from './sql/delivery-schedule.sql';
import findSuppressed from './sql/find-suppressed.sql';
import insertDeliveries from './sql/insert-deliveries.sql';
import purgeDeliveries from './sql/purge-deliveries.sql';
import settleDelivery from './sql/settle-delivery.sql';
import suppressAddresses from './sql/suppress-addresses.sql';

const STATEMENTS = {
  claim: statement('mail.claim', claimDeliveries),
  insert: statement('mail.insert', insertDeliveries),
  purge: statement('mail.purge', purgeDeliveries),
  schedule: statement('mail.schedule', deliverySchedule),
  settle: statement('mail.settle', settleDelivery),
  suppress: statement('mail.suppress', suppressAddresses),
  suppressed: statement('mail.suppressed', findSuppressed),
};

/** A mail that this instance holds for sending. */
export interface ClaimedDelivery {
  readonly deliveryId: string;
  readonly token: string;
  readonly payloadMode: 'template' | 'rendered';
  readonly payloadJson: string;
  readonly isUrgent: boolean;
  /** Of which this is one. */
  readonly attempts: number;
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
  readonly messageId: string;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly acceptedAtMs: number;
}

/** A server's answer. */
export interface SmtpAnswer {
  readonly code: number | undefined;
  readonly text: string;
}

/** What became of an attempt. */
export interface Settlement {
  readonly state: 'sent' | 'suppressed' | 'failed' | 'expired' | 'retrying';
  readonly reason: string | undefined;
  /** How long a `retrying` one rests. */
  readonly delayMs: number | undefined;
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
  readonly answer: SmtpAnswer | undefined;
  /** Addresses that nothing is to be sent to any more. */
  readonly suppress: readonly (SmtpAnswer & { readonly address: string })[];
}

interface ClaimedRow {
  readonly delivery_id: string;
  readonly payload_mode: 'template' | 'rendered';
  readonly payload_json: string;
  readonly urgent: boolean;
  readonly attempts: number;
  readonly accepted_recipients: string[];
  readonly refused_recipients: string[];
  readonly message_id: string;
  readonly requested_at: Date;
  readonly expires_at: Date | null;
  readonly accepted_at: Date;
}

/** The statements of the mail sender. A token names one claim; what became of it is written under that token alone. */
export class DeliveryStore {
  constructor(private readonly database: Database) {}

  /** Resolves to how many were new, and how many of those unreadable. */
  async insert(drafts: readonly DeliveryDraft[]): Promise<{ accepted: number; unreadable: number }> {
    const rows = await this.database.query<{ state: string }>(STATEMENTS.insert, [
      drafts.map(({ deliveryId }) => deliveryId),
      drafts.map(({ entryId }) => entryId),
      drafts.map(({ source }) => source),
      drafts.map(({ payloadMode }) => payloadMode),
      drafts.map(({ payloadJson }) => payloadJson),
      drafts.map(({ templateId }) => templateId ?? null),
      drafts.map(({ isUrgent }) => isUrgent),
      drafts.map(({ requestId }) => requestId ?? null),
      drafts.map(({ traceId }) => traceId ?? null),
      drafts.map(({ traceparent }) => traceparent ?? null),
      drafts.map(({ requestedAtMs }) => requestedAtMs),
      drafts.map(({ expiresAtMs }) => expiresAtMs ?? null),
      drafts.map(({ messageId }) => messageId),
      drafts.map(({ mistake }) => mistake ?? null),
    ]);
    const unreadable = rows.filter(({ state }) => state === 'failed').length;
    return { accepted: rows.length - unreadable, unreadable };
  }

  async claim(limit: number, token: string, leaseMs: number): Promise<ClaimedDelivery[]> {
    const rows = await this.database.query<ClaimedRow>(STATEMENTS.claim, [limit, token, leaseMs]);
    return rows.map((row) => ({
      deliveryId: row.delivery_id,
      token,
      payloadMode: row.payload_mode,
      payloadJson: row.payload_json,
      isUrgent: row.urgent,
      attempts: row.attempts,
      accepted: row.accepted_recipients,
      refused: row.refused_recipients,
      messageId: row.message_id,
      requestedAtMs: row.requested_at.getTime(),
      expiresAtMs: row.expires_at?.getTime(),
      acceptedAtMs: row.accepted_at.getTime(),
    }));
  }

  /** Those of the addresses that nothing is sent to; in lower case. */
  async suppressed(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.database.query<{ address: string }>(STATEMENTS.suppressed, [
      addresses.map((address) => address.toLowerCase()),
    ]);
    return new Set(rows.map(({ address }) => address));
  }

  /** Writes down what became of an attempt; false where the lease has passed on. Suppressions are true either way. */
  async settle({ deliveryId, token }: ClaimedDelivery, settlement: Settlement): Promise<boolean> {
    const { state, reason, delayMs, accepted, refused, answer, suppress } = settlement;
    return this.database.transaction(async (transaction) => {
      if (suppress.length > 0) {
        await transaction.query(STATEMENTS.suppress, [
          suppress.map(({ address }) => address),
          suppress.map(({ code }) => code ?? null),
          suppress.map(({ text }) => text),
          deliveryId,
        ]);
      }
      const rows = await transaction.query(STATEMENTS.settle, [
        ...[deliveryId, token, state, reason ?? null, delayMs ?? null],
        ...[accepted, refused, answer?.code ?? null, answer?.text ?? null],
      ]);
      return rows.length > 0;
    });
  }

  /** Forgets what ended longer ago than that; resolves to how many. */
  async purge(keepMs: number, limit: number): Promise<number> {
    return (await this.database.query(STATEMENTS.purge, [keepMs, limit])).length;
  }

  async schedule(): Promise<{ depth: number; oldestAgeMs: number }> {
    const [row] = await this.database.query<{ depth: number; oldest_age_ms: number }>(STATEMENTS.schedule);
    return { depth: row?.depth ?? 0, oldestAgeMs: Math.max(0, row?.oldest_age_ms ?? 0) };
  }
}
