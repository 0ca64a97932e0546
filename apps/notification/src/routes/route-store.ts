import { type Channel, type Lane } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { type SinkState } from '@app/common/streams';
import { type ClaimedRoute } from './route';
import { type SinkRow, sinkStateOf } from './sink-store';
import claimRoutes from './sql/claim-routes.sql';
import findSink from './sql/find-sink.sql';
import schedule from './sql/schedule.sql';

const STATEMENTS = {
  claim: statement('routes.claim', claimRoutes),
  findSink: statement('routes.find-sink', findSink),
  schedule: statement('routes.schedule', schedule),
};

interface ClaimedRow {
  /** Null in the one row of a claim that found nothing. */
  readonly route_id: string | null;
  readonly last_tenant: string | null;
  readonly notification_id: string;
  readonly tenant_id: string;
  readonly channel: Channel;
  readonly lane: Lane;
  readonly recipient: string;
  readonly address: string | null;
  readonly locale: string;
  readonly timezone: string;
  readonly units: string;
  readonly collapse_key: string | null;
  readonly fold_key: string | null;
  readonly admitted_at_ms: number | null;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly in_doubt: boolean;
  readonly claimed_at_us: number;
  readonly notification_type: string;
  readonly idempotency_key: string;
  readonly subject: string;
  readonly payload_json: string;
  readonly request_id: string | null;
  readonly trace_id: string | null;
  readonly traceparent: string;
  readonly occurred_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly accepted_at_ms: number;
}

export interface ClaimRequest {
  readonly channel: Channel;
  readonly lane: Lane;
  /** The target stream of the channel. */
  readonly stream: string;
  readonly limit: number;
  /** UUID; every later write of this claim is filtered by it. */
  readonly token: string;
  readonly leaseMs: number;
  /** {@link Claim.lastTenant} of the claim before; '' begins with the first tenant. */
  readonly afterTenant: string;
}

export interface Claim {
  readonly routes: readonly ClaimedRoute[];
  /** What the database has last seen acknowledged of the stream. */
  readonly acknowledged: SinkState | undefined;
  /** Where this claim stopped if there were more tenants than it could ask, else ''. */
  readonly lastTenant: string;
}

/** Writes routes, claims them for publishing and counts what waits. */
export class RouteStore {
  constructor(private readonly database: Database) {}

  /** Routes of one channel and lane that are due, in equal shares for the tenants, and some of holders that went silent. */
  async claim(request: ClaimRequest): Promise<Claim> {
    const { channel, lane, stream, limit, token, leaseMs, afterTenant } = request;
    const [rows, [sink]] = await this.database.transaction((transaction) =>
      Promise.all([
        transaction.query<ClaimedRow>(STATEMENTS.claim, [channel, lane, limit, token, leaseMs, afterTenant]),
        transaction.query<SinkRow>(STATEMENTS.findSink, [stream]),
      ]),
    );
    return {
      routes: rows.flatMap(claimedRoutesOf),
      acknowledged: sink === undefined ? undefined : sinkStateOf(sink),
      lastTenant: rows[0]?.last_tenant ?? '',
    };
  }

  async schedule(): Promise<{ depth: number; oldestAgeMs: number }> {
    const [row] = await this.database.query<{ depth: number; oldest_age_ms: number }>(
      STATEMENTS.schedule,
      [],
    );
    return { depth: row?.depth ?? 0, oldestAgeMs: Math.max(0, row?.oldest_age_ms ?? 0) };
  }
}

function claimedRoutesOf(row: ClaimedRow): ClaimedRoute[] {
  if (row.route_id === null) return [];
  return [
    {
      routeId: row.route_id,
      notificationId: row.notification_id,
      tenantId: row.tenant_id,
      channel: row.channel,
      lane: row.lane,
      recipient: row.recipient,
      address: row.address ?? undefined,
      locale: row.locale,
      timezone: row.timezone,
      units: row.units,
      collapseKey: row.collapse_key ?? undefined,
      foldKey: row.fold_key ?? undefined,
      admittedAtMs: row.admitted_at_ms ?? undefined,
      attempts: row.attempts,
      maxAttempts: row.max_attempts,
      inDoubt: row.in_doubt,
      claimedAtUs: row.claimed_at_us,
      notificationType: row.notification_type,
      idempotencyKey: row.idempotency_key,
      subject: row.subject,
      payloadJson: row.payload_json,
      requestId: row.request_id ?? undefined,
      traceId: row.trace_id ?? undefined,
      traceparent: row.traceparent,
      occurredAtMs: row.occurred_at_ms,
      expiresAtMs: row.expires_at_ms ?? undefined,
      acceptedAtMs: row.accepted_at_ms,
    },
  ];
}
