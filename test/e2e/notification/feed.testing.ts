import { randomUUID } from 'node:crypto';
import { setInterval as ticks } from 'node:timers/promises';
import { Redis } from 'ioredis';
import {
  type Channel,
  CONTRACT_VERSION,
  INTENT_CATALOG,
  NOTIFICATION_INTENTS,
  notificationId,
  type NotificationType,
  routeId,
} from '@app/common/contracts';
import { eventually } from '@app/common/testing';

const PRODUCER = 'processor';
const TICK_MS = 20;
const A_TICK = 2;
const PATIENCE_MS = 60_000;
/** So many accounts; their names are {@link user}'s. */
export const USERS = 40;
/** In no directory. */
const NOBODY = 'nobody';

export const user = (number: number): string => `user-${number % USERS}`;

/** What an intent of the feed has to leave behind. */
export interface Expected {
  readonly notification: string;
  readonly eventId: string;
  /** Of an intent with the same key and other content: of two instances, either may come first, and the other is kept as malformed. */
  readonly rivalEventId: string | undefined;
  readonly tenant: string;
  readonly occurredAtMs: number;
  readonly recipients: readonly string[];
  readonly channels: readonly Channel[];
  /** Of those that replace one another the same; undefined for one that stands for itself. */
  readonly replaces: string | undefined;
}

/** Routes that {@link Expected} has, by id. */
export const routesOf = ({ notification, recipients, channels }: Expected): string[] =>
  recipients.flatMap((recipient) => channels.map((channel) => routeId(channel, notification, recipient)));

export const isKnown = (route: string): boolean => !route.endsWith(`:${NOBODY}`);

/**
 * Intents of all sorts in a steady stream: single ones, urgent ones, ones that replace each other, some sent twice, some
 * with a recipient whom nobody knows; and what is no intent. It goes on through an outage of its Redis.
 */
export class Feed {
  readonly expected: Expected[] = [];
  /** Event ids of what has to be kept as malformed. */
  readonly malformed: string[] = [];
  private readonly redis: Redis;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private sent = 0;

  constructor(redisUrl: string) {
    // What was under way when the connection broke is sent again: an intent that comes twice is one.
    this.redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
    // It connects again by itself.
    this.redis.on('error', () => undefined);
  }

  start(): void {
    this.running = this.run();
  }

  /** Resolves when so many more intents are in the stream. */
  async grown(by: number): Promise<void> {
    const wanted = this.sent + by;
    await eventually(() => this.sent >= wanted, { what: `${by} more intents`, timeoutMs: PATIENCE_MS });
  }

  /** Sends so many at once. */
  async burst(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.sendOne()));
  }

  /** Resolves when everything that it sent is in the stream. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  close(): void {
    this.redis.disconnect();
  }

  private async run(): Promise<void> {
    try {
      for await (const count of ticks(TICK_MS, A_TICK, { signal: this.stopping.signal })) {
        await Promise.all(Array.from({ length: count }, () => this.sendOne()));
      }
    } catch (error) {
      if (!this.stopping.signal.aborted) throw error;
    }
  }

  private async sendOne(): Promise<void> {
    const number = (this.sent += 1);
    if (number % 25 === 0) await this.sendMalformed(number);
    else if (number % 20 === 0) await this.sendIntent(number, 'vehicle.sos');
    else if (number % 3 === 0) await this.sendIntent(number, 'vehicle.geofence.entered');
    else if (number % 3 === 1) await this.sendIntent(number, 'vehicle.geofence.exited');
    else await this.sendIntent(number, 'vehicle.overspeed.started');
  }

  private async sendIntent(number: number, type: NotificationType): Promise<void> {
    const recipients = [user(number), user(number + 1), ...(number % 10 === 0 ? [NOBODY] : [])];
    const intent = intentOf(number, type, recipients);
    const rivalEventId = number % 35 === 0 ? randomUUID() : undefined;
    this.expected.push({ ...intent.expected, rivalEventId });
    await this.add(intent.fields);
    if (number % 7 === 0) await this.add(intent.fields);
    if (rivalEventId !== undefined) {
      const payload_json = intent.fields.payload_json.replace('Depot', 'Yard');
      await this.add({ ...intent.fields, event_id: rivalEventId, payload_json });
    }
  }

  private async sendMalformed(number: number): Promise<void> {
    const { fields, expected } = intentOf(number, 'vehicle.overspeed.started', [user(number)]);
    this.malformed.push(expected.eventId);
    await this.add(
      number % 2 === 0 ? { ...fields, payload_json: 'no json' } : { ...fields, notification_type: 'no.type' },
    );
  }

  private async add(fields: Readonly<Record<string, string>>): Promise<void> {
    await this.redis.xadd(NOTIFICATION_INTENTS, '*', ...Object.entries(fields).flat());
  }
}

function intentOf(number: number, type: NotificationType, recipients: readonly string[]) {
  const key = `feed-${number}`;
  const eventId = randomUUID();
  // Few devices, so that a place is entered and left again while routes of it wait.
  const subject = String(number % 4);
  const reference = 'geofence:1';
  const tenant = `tenant-${number % 3}`;
  const occurredAtMs = Date.now();
  const payload = {
    ...{ event_id: eventId, imei: '356307042441013', device_name: `Van ${subject}`, reference },
    ...{ reference_name: 'Depot', longitude: 25.27, latitude: 54.68, speed_kmh: 42, details: {} },
  };
  const catalogued = INTENT_CATALOG.get(type);
  const collapseKey = catalogued?.collapseKey(payload);
  const expected: Expected = {
    notification: notificationId(PRODUCER, key),
    ...{ eventId, rivalEventId: undefined, tenant, occurredAtMs, recipients },
    channels: catalogued?.channels ?? [],
    replaces: collapseKey === undefined ? undefined : `${subject}|${collapseKey}`,
  };
  const fields = {
    ...{ v: CONTRACT_VERSION, event_id: eventId, notification_type: type, producer: PRODUCER },
    ...{ audience_kind: 'user', recipient_user_ids_json: JSON.stringify(recipients), idempotency_key: key },
    ...{ subject, tenant_id: tenant, occurred_at_ms: String(occurredAtMs) },
    payload_json: JSON.stringify(payload),
  };
  return { fields, expected };
}
