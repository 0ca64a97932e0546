import pino from 'pino';
import { Database, statement } from '@app/common/database';

const select = (name: string, text: string) => statement(`spec_intake_${name}`, text);
const ADD_USERS = select(
  'add_users',
  `INSERT INTO notification.user_account (user_id, email) SELECT id, id || '@example.org' FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
);
const CLEAR = select(
  'clear',
  `TRUNCATE notification.record, notification.route, notification.dead_letter, notification.malformed_intent,
     notification.collapse CASCADE`,
);
const RECORDS = select(
  'records',
  `SELECT idempotency_key, event_id, state, lookups, last_lookup_error FROM notification.record
   ORDER BY occurred_at, idempotency_key`,
);
const AS_WRITTEN = select('as_written', 'SELECT notification_id FROM notification.record ORDER BY ctid');
const ROUTES = select(
  'routes',
  `SELECT route.route_id, route.channel, route.recipient, route.address, route.state, route.reason, route.collapse_key,
     record.idempotency_key
   FROM notification.route JOIN notification.record USING (notification_id)
   ORDER BY record.routed_at, record.occurred_at, route.route_id`,
);
const MALFORMED = select(
  'malformed',
  'SELECT code, event_id, raw_fields, stream_entry_id FROM notification.malformed_intent ORDER BY id',
);
const COLLAPSE = select(
  'collapse',
  `SELECT channel, recipient, collapse_key, (extract(epoch FROM newest_occurred_at) * 1000)::integer AS at_ms
   FROM notification.collapse ORDER BY channel, recipient, collapse_key`,
);
const MAKE_DUE = select(
  'make_due',
  `UPDATE notification.record SET next_lookup_at = clock_timestamp() WHERE state = 'waiting'`,
);

interface RouteRow {
  readonly route_id: string;
  readonly channel: string;
  readonly recipient: string;
  readonly address: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly collapse_key: string | null;
  readonly idempotency_key: string;
}

interface RecordRow {
  readonly idempotency_key: string;
  readonly event_id: string | null;
  readonly state: string;
  readonly lookups: number;
  readonly last_lookup_error: string | null;
}

interface MalformedRow {
  readonly code: string;
  readonly event_id: string | null;
  readonly raw_fields: Record<string, string>;
  readonly stream_entry_id: string;
}

/** What specs of the intake look at in the tables, as their owner. */
export class IntakeEyes {
  private constructor(private readonly owner: Database) {}

  static async open(url: string): Promise<IntakeEyes> {
    const owner = new Database({
      ...{ url, poolSize: 2, applicationName: 'eyes', startupTimeoutMs: 10_000 },
      logger: pino({ level: 'silent' }),
    });
    await owner.start();
    return new IntakeEyes(owner);
  }

  async close(): Promise<void> {
    await this.owner.stop(1000);
  }

  async addUsers(...userIds: string[]): Promise<void> {
    await this.owner.query(ADD_USERS, [userIds]);
  }

  async clear(): Promise<void> {
    await this.owner.query(CLEAR);
  }

  /** Whatever waits is due now. */
  async makeDue(): Promise<void> {
    await this.owner.query(MAKE_DUE);
  }

  /** By event time. */
  records(): Promise<RecordRow[]> {
    return this.owner.query<RecordRow & Record<string, unknown>>(RECORDS);
  }

  /** Ids in the order in which the rows were written, into an empty table. */
  async asWritten(): Promise<string[]> {
    const rows = await this.owner.query<{ notification_id: string }>(AS_WRITTEN);
    return rows.map(({ notification_id }) => notification_id);
  }

  /** In the order in which they were planned. */
  routes(): Promise<RouteRow[]> {
    return this.owner.query<RouteRow & Record<string, unknown>>(ROUTES);
  }

  /** Channel, recipient, state and reason. */
  async routesByRecipient(): Promise<(string | null)[][]> {
    const rows = (await this.routes()).map(({ channel, recipient, state, reason }) => [
      ...[channel, recipient, state, reason],
    ]);
    return rows.sort((a, b) => (String(a) < String(b) ? -1 : 1));
  }

  malformed(): Promise<MalformedRow[]> {
    return this.owner.query<MalformedRow & Record<string, unknown>>(MALFORMED);
  }

  collapse() {
    return this.owner.query<{ channel: string; recipient: string; collapse_key: string; at_ms: number }>(
      COLLAPSE,
    );
  }
}
