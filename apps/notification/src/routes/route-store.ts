import { type Channel } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { type ClaimedRoute } from './route';
import claimRoutes from './sql/claim-routes.sql';
import completeRoutes from './sql/complete-routes.sql';
import deadLetterRoutes from './sql/dead-letter-routes.sql';
import retryRoutes from './sql/retry-routes.sql';
import returnRoutes from './sql/return-routes.sql';
import schedule from './sql/schedule.sql';

const STATEMENTS = {
  claim: statement('routes.claim', claimRoutes),
  complete: statement('routes.complete', completeRoutes),
  deadLetter: statement('routes.dead-letter', deadLetterRoutes),
  retry: statement('routes.retry', retryRoutes),
  returnUnspent: statement('routes.return', returnRoutes),
  schedule: statement('routes.schedule', schedule),
};

interface ClaimedRow {
  readonly route_id: string;
  readonly notification_id: string;
  readonly channel: Channel;
  readonly recipient: string;
  readonly address: string | null;
  readonly locale: string;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly notification_type: string;
  readonly idempotency_key: string;
  readonly payload_json: string;
  readonly request_id: string | null;
  readonly trace_id: string | null;
  readonly traceparent: string;
  readonly occurred_at: Date;
  readonly expires_at: Date | null;
  readonly accepted_at: Date;
}

export interface FailedRoute {
  readonly routeId: string;
  readonly error: string;
}

/** The statements on `notification.route`. A token names one claim; every later write of that claim is filtered by it. */
export class RouteStore {
  constructor(private readonly database: Database) {}

  async claim(channel: Channel, limit: number, token: string, leaseMs: number): Promise<ClaimedRoute[]> {
    const rows = await this.database.query<ClaimedRow>(STATEMENTS.claim, [channel, limit, token, leaseMs]);
    return rows.map(claimedRouteOf);
  }

  /** Returns the ids that were still ours; for the others the lease has passed on. */
  async complete(
    token: string,
    published: readonly { routeId: string; entryId: string }[],
  ): Promise<string[]> {
    return this.settle(STATEMENTS.complete, [
      published.map(({ routeId }) => routeId),
      published.map(({ entryId }) => entryId),
      token,
    ]);
  }

  async retry(token: string, failed: readonly (FailedRoute & { delayMs: number })[]): Promise<string[]> {
    return this.settle(STATEMENTS.retry, [
      failed.map(({ routeId }) => routeId),
      failed.map(({ delayMs }) => delayMs),
      failed.map(({ error }) => error),
      token,
    ]);
  }

  async deadLetter(
    token: string,
    failed: readonly (FailedRoute & { errorClass: string })[],
  ): Promise<string[]> {
    return this.settle(STATEMENTS.deadLetter, [
      failed.map(({ routeId }) => routeId),
      failed.map(({ errorClass }) => errorClass),
      failed.map(({ error }) => error),
      token,
    ]);
  }

  /** Gives routes back with the attempt that an outage took from them. */
  async returnUnspent(
    token: string,
    routeIds: readonly string[],
    delayMs: number,
    error: string,
  ): Promise<void> {
    await this.database.query(STATEMENTS.returnUnspent, [routeIds, token, delayMs, error]);
  }

  async schedule(): Promise<{ depth: number; oldestAgeMs: number }> {
    const [row] = await this.database.query<{ depth: number; oldest_age_ms: number }>(
      STATEMENTS.schedule,
      [],
    );
    return { depth: row?.depth ?? 0, oldestAgeMs: Math.max(0, row?.oldest_age_ms ?? 0) };
  }

  private async settle(
    settlement: (typeof STATEMENTS)[keyof typeof STATEMENTS],
    params: readonly [readonly string[], ...unknown[]],
  ): Promise<string[]> {
    if (params[0].length === 0) return [];
    const rows = await this.database.query<{ route_id: string }>(settlement, [...params]);
    return rows.map(({ route_id }) => route_id);
  }
}

function claimedRouteOf(row: ClaimedRow): ClaimedRoute {
  return {
    routeId: row.route_id,
    notificationId: row.notification_id,
    channel: row.channel,
    recipient: row.recipient,
    address: row.address ?? undefined,
    locale: row.locale,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    notificationType: row.notification_type,
    idempotencyKey: row.idempotency_key,
    payloadJson: row.payload_json,
    requestId: row.request_id ?? undefined,
    traceId: row.trace_id ?? undefined,
    traceparent: row.traceparent,
    occurredAtMs: row.occurred_at.getTime(),
    expiresAtMs: row.expires_at?.getTime(),
    acceptedAtMs: row.accepted_at.getTime(),
  };
}
