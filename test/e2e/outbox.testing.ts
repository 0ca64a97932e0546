import { FLEET_EVENTS, NOTIFICATION_GROUP, NOTIFICATION_INTENTS, partOf } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { RedisStreams, text } from '@app/common/streams';
import { eventually } from '@app/common/testing';
import { type Stores, type System } from './system.testing';

const APPENDED = statement(
  'e2e_outbox_appended',
  `SELECT event_id::text AS event_id, topic, key FROM outbox.message
   WHERE NOT EXISTS (
     SELECT FROM outbox.retry WHERE retry.kind = 'parked' AND retry.state = 'skipped' AND retry.part = message.part
       AND retry.generation = message.generation AND retry.xid = message.xid AND retry.message_id = message.id)
   ORDER BY generation, xid, id`,
);
const POISON = statement(
  'e2e_outbox_poison',
  `INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
   SELECT generation, $1, $2, $3, gen_random_uuid(), 'default', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '{"speed_kmh":91}'
   FROM outbox.generation
   RETURNING event_id::text AS event_id`,
);
const PARKED = statement(
  'e2e_outbox_parked',
  `SELECT count(*)::integer AS count FROM outbox.retry WHERE kind = 'parked' AND closed_at IS NULL AND key = $1`,
);
const BEHIND = statement(
  'e2e_outbox_behind',
  `SELECT count(*)::integer AS count FROM outbox.message AS message JOIN outbox.cursor AS cursor USING (part)
   WHERE (message.generation, message.xid, message.id) > (cursor.generation, cursor.xid, cursor.id)
     AND message.topic = $1`,
);
const NOTIFIED = statement(
  'e2e_outbox_notified',
  `SELECT (SELECT count(*) FROM notification.record)::integer AS records,
     (SELECT count(*) FROM notification.route)::integer AS routes,
     (SELECT count(*) FROM notification.malformed_intent)::integer AS malformed`,
);

type Topic = typeof FLEET_EVENTS | typeof NOTIFICATION_INTENTS;

export interface Standing {
  readonly entryId: string;
  readonly eventId: string;
}

/** Eyes of a suite in the outbox and in the streams that the relay fills. */
export class OutboxEyes {
  private constructor(
    private readonly database: Database,
    readonly streams: RedisStreams,
  ) {}

  static async open(system: System, servers: Stores): Promise<OutboxEyes> {
    const streams = new RedisStreams({
      ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5000 },
    });
    await streams.start();
    return new OutboxEyes(system.watch.database, streams);
  }

  close(): Promise<void> {
    return this.streams.close();
  }

  /** Appends what no producer can: a message whose payload is no map of strings. Gives its event id. */
  async poison(topic: Topic, key: string): Promise<string> {
    const [row] = await this.database.query<{ event_id: string }>(POISON, [partOf(key), topic, key]);
    return row?.event_id ?? '';
  }

  async standing(topic: Topic): Promise<Standing[]> {
    const entries = await this.streams.range(topic, '-', '+', 100_000);
    return entries.map((entry) => ({ entryId: entry.id, eventId: text(entry, 'event_id') ?? '' }));
  }

  /** Event ids of what was appended and not skipped, in its order, by topic and key. */
  async appended(): Promise<Map<string, string[]>> {
    const rows = await this.database.query<{ event_id: string; topic: string; key: string }>(APPENDED);
    const ids = new Map<string, string[]>();
    for (const { event_id: id, topic, key } of rows) {
      const name = `${topic} ${key}`;
      ids.set(name, [...(ids.get(name) ?? []), id]);
    }
    return ids;
  }

  /** Event ids of the streams in the same shape; of what nobody appended, the key is empty. */
  async published(): Promise<Map<string, string[]>> {
    const rows = await this.database.query<{ event_id: string; key: string }>(APPENDED);
    const keys = new Map(rows.map(({ event_id: id, key }) => [id, key]));
    const ids = new Map<string, string[]>();
    for (const topic of [FLEET_EVENTS, NOTIFICATION_INTENTS] as const) {
      for (const { eventId } of await this.standing(topic)) {
        const name = `${topic} ${keys.get(eventId) ?? ''}`;
        ids.set(name, [...(ids.get(name) ?? []), eventId]);
      }
    }
    return ids;
  }

  /** How many rows of a key are parked, the dead one in front included. */
  parked(key: string): Promise<number> {
    return this.count(PARKED, key);
  }

  /** How many messages of a topic stand behind the cursors. */
  behind(topic: Topic): Promise<number> {
    return this.count(BEHIND, topic);
  }

  async notified(): Promise<{ records: number; routes: number; malformed: number }> {
    const [row] = await this.database.query<{ records: number; routes: number; malformed: number }>(NOTIFIED);
    if (row === undefined) throw new Error('a count has no row');
    return row;
  }

  /** Resolves when notification has read and acknowledged all that stands in its stream. */
  async intentsRead(): Promise<void> {
    await eventually(
      async () => {
        const info = await this.streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
        return (info?.groups ?? []).every(({ lag, pending }) => lag === 0 && pending === 0);
      },
      { what: 'the intents to be read', timeoutMs: 20_000 },
    );
  }

  private async count(counting: typeof PARKED, of: string): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(counting, [of]);
    return row?.count ?? 0;
  }
}
