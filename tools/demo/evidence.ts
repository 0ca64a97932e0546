import {
  FLEET_EVENTS,
  GATEWAY_CLIENT_EVENTS,
  isEventKind,
  MAIL_DELIVERY_COMMANDS,
  NOTIFICATION_INTENTS,
  telemetryDeadLetterStream,
} from '@app/common/contracts';
import { statement, type Database } from '@app/common/database';
import { addedAtMs, bytes, text, type StreamEntry, type Streams } from '@app/common/streams';
import { z } from 'zod';
import { recordKey } from '../../apps/ops/src/fleet';
import { type Evidence, type FoundEvent, type FoundRoute, type Receipts } from './balance';
import { eventContent, frameKey } from './promises';
import { type RuleBook } from './rule-book';
import { StreamTail } from './stream-tail';
import readDevices from './sql/read-devices.sql';
import readEvents from './sql/read-events.sql';
import readNotifications from './sql/read-notifications.sql';
import readPositions from './sql/read-positions.sql';
import readRoutes from './sql/read-routes.sql';

const READ_DEVICES = statement('demo_read_devices', readDevices);
const READ_POSITIONS = statement('demo_read_positions', readPositions);
const READ_EVENTS = statement('demo_read_events', readEvents);
const READ_NOTIFICATIONS = statement('demo_read_notifications', readNotifications);
const READ_ROUTES = statement('demo_read_routes', readRoutes);

const ofVehicle = z.looseObject({ imei: z.string() });
const ofMail = z.looseObject({ variables: ofVehicle });
const userIds = z.array(z.string());
const channels = z.enum(['push', 'email']);

/** What has come in at the people's end, of these devices and of these mail routes. */
export type ReadReceipts = (imeis: ReadonlySet<string>, mailRoutes: readonly string[]) => Receipts;

/** An entry of one of the last two streams. */
export interface PublishedEntry {
  readonly imei: string;
  readonly routeId: string;
  readonly addedAtMs: number;
}

/** Reads what tables and streams hold about the devices of a run. Streams are followed from before the run on. */
export class EvidenceReader {
  private readonly fleetEvents: StreamTail<{ imei: string; eventId: string }>;
  private readonly intents: StreamTail<{ imei: string; eventId: string; recipients: string[] }>;
  private readonly push: StreamTail<PublishedEntry>;
  private readonly mail: StreamTail<PublishedEntry>;
  private readonly deadLetters: readonly StreamTail<{ imei: string; key: string }>[];

  private constructor(
    private readonly database: Database,
    private readonly book: RuleBook,
    private readonly since: Date,
    tail: <T>(stream: string, parse: (entry: StreamEntry) => T) => StreamTail<T>,
    shards: number,
  ) {
    this.fleetEvents = tail(FLEET_EVENTS, (entry) => ({
      imei: field(entry, 'imei'),
      eventId: field(entry, 'event_id'),
    }));
    this.intents = tail(NOTIFICATION_INTENTS, (entry) => ({
      imei: vehicleOf(ofVehicle, entry)?.imei ?? '',
      eventId: field(entry, 'idempotency_key'),
      recipients: userIds.parse(JSON.parse(text(entry, 'recipient_user_ids_json') ?? '[]')),
    }));
    this.push = tail(GATEWAY_CLIENT_EVENTS, (entry) => ({
      imei: vehicleOf(ofVehicle, entry)?.imei ?? '',
      routeId: field(entry, 'event_id'),
      addedAtMs: addedAtMs(entry.id),
    }));
    this.mail = tail(MAIL_DELIVERY_COMMANDS, (entry) => ({
      imei: vehicleOf(ofMail, entry)?.variables.imei ?? '',
      routeId: field(entry, 'delivery_id'),
      addedAtMs: addedAtMs(entry.id),
    }));
    this.deadLetters = Array.from({ length: shards }, (_, shard) =>
      tail(telemetryDeadLetterStream(shard), deadLetterOf),
    );
  }

  /** From now on; call it before the first byte of the run. */
  static async start(
    database: Database,
    streams: Streams,
    book: RuleBook,
    shards: number,
  ): Promise<EvidenceReader> {
    const names = [
      ...[FLEET_EVENTS, NOTIFICATION_INTENTS, GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS],
      ...Array.from({ length: shards }, (_, shard) => telemetryDeadLetterStream(shard)),
    ];
    // One at a time: they lie in different slots.
    const lastIds = new Map<string, string>();
    for (const name of names) lastIds.set(name, (await streams.lastIds([name])).get(name) ?? '0-0');
    const tail = <T>(stream: string, parse: (entry: StreamEntry) => T): StreamTail<T> =>
      new StreamTail(streams, stream, lastIds.get(stream) ?? '0-0', parse);
    return new EvidenceReader(database, book, new Date(Date.now() - 60_000), tail, shards);
  }

  async deviceIds(imeis: readonly string[]): Promise<Map<string, bigint>> {
    const rows = await this.database.query<{ id: bigint; imei: string }>(READ_DEVICES, [imeis]);
    return new Map(rows.map(({ id, imei }) => [imei, id]));
  }

  /** Push and mail entries of these devices so far. */
  async published(imeis: ReadonlySet<string>): Promise<{ push: PublishedEntry[]; mail: PublishedEntry[] }> {
    const [push, mail] = await Promise.all([this.push.read(), this.mail.read()]);
    const isOurs = ({ imei }: PublishedEntry): boolean => imeis.has(imei);
    return { push: push.filter(isOurs), mail: mail.filter(isOurs) };
  }

  async intentCount(imeis: ReadonlySet<string>): Promise<number> {
    return (await this.intents.read()).filter(({ imei }) => imeis.has(imei)).length;
  }

  /** Everything, rows included. Streams first: what they hold was committed before, so that its origin is seen too. */
  async read(imeis: ReadonlySet<string>, readReceipts?: ReadReceipts): Promise<Evidence> {
    const isOurs = ({ imei }: { imei: string }): boolean => imeis.has(imei);
    const { push, mail } = await this.published(imeis);
    const mailRoutes = mail.map(({ routeId }) => routeId);
    const intents = (await this.intents.read()).filter(isOurs);
    const fleetEvents = (await this.fleetEvents.read()).filter(isOurs);
    const letters = (await Promise.all(this.deadLetters.map((tail) => tail.read()))).flat().filter(isOurs);
    const notifications = await this.readNotifications(imeis);
    const deviceIds = await this.deviceIds([...imeis]);
    return {
      rows: await this.readRows(deviceIds),
      events: await this.readEvents(deviceIds),
      fleetEvents: fleetEvents.map(({ eventId }) => eventId),
      intents,
      notifications,
      routes: await this.readRoutes(notifications.map(({ notificationId }) => notificationId)),
      push: push.map(({ routeId }) => routeId),
      mail: mailRoutes,
      deadLetters: letters.map(({ key }) => key),
      ...(readReceipts === undefined ? {} : { receipts: readReceipts(imeis, mailRoutes) }),
    };
  }

  async readEvents(deviceIds: ReadonlyMap<string, bigint>): Promise<(FoundEvent & EventMoment)[]> {
    const imeiOf = new Map([...deviceIds].map(([imei, id]) => [id, imei]));
    const rows = await this.database.query<EventRow & Record<string, unknown>>(READ_EVENTS, [
      [...deviceIds.values()],
    ]);
    return rows.map((row) => {
      const imei = imeiOf.get(row.device_id) ?? '';
      if (!isEventKind(row.kind)) throw new Error(`event ${row.event_id} has the unknown kind ${row.kind}`);
      return {
        eventId: row.event_id,
        content: eventContent({
          confirmedTimeMs: row.confirmed_time.getTime(),
          confirmedDigest: row.confirmed_digest,
          ...{
            longitude: row.longitude,
            latitude: row.latitude,
            speedKmh: row.speed_kmh,
            details: row.details,
          },
        }),
        ...{ historical: row.historical, isRetracted: row.is_retracted },
        audience: this.book.audienceOf(imei, row.kind, row.event_id),
        ...{ imei, confirmedTimeMs: row.confirmed_time.getTime() },
      };
    });
  }

  private async readRows(deviceIds: ReadonlyMap<string, bigint>): Promise<string[]> {
    const keys: string[] = [];
    for (const [imei, id] of deviceIds) {
      const rows = await this.database.query<{ time_ms: bigint; digest: bigint }>(READ_POSITIONS, [id]);
      for (const { time_ms, digest } of rows) keys.push(recordKey(imei, Number(time_ms), digest));
    }
    return keys;
  }

  private async readNotifications(imeis: ReadonlySet<string>) {
    const rows = await this.database.query<{ notification_id: string; idempotency_key: string }>(
      READ_NOTIFICATIONS,
      [[...imeis], this.since],
    );
    return rows.map((row) => ({ notificationId: row.notification_id, eventId: row.idempotency_key }));
  }

  private async readRoutes(notificationIds: readonly string[]): Promise<FoundRoute[]> {
    const rows = await this.database.query<{ route_id: string; channel: string; state: string }>(
      READ_ROUTES,
      [notificationIds],
    );
    return rows.map((row) => ({
      ...{ routeId: row.route_id, channel: channels.parse(row.channel), state: row.state },
    }));
  }
}

/** Which record decided an event, to find out when it was sent. */
export interface EventMoment {
  readonly imei: string;
  readonly confirmedTimeMs: number;
}

interface EventRow {
  readonly event_id: string;
  readonly device_id: bigint;
  readonly kind: string;
  readonly confirmed_time: Date;
  readonly confirmed_digest: bigint;
  readonly longitude: number;
  readonly latitude: number;
  readonly speed_kmh: number | null;
  readonly details: Record<string, unknown>;
  readonly historical: boolean;
  readonly is_retracted: boolean;
}

/** Undefined for what other producers send about other things than vehicles. */
function vehicleOf<T>(schema: z.ZodType<T>, entry: StreamEntry): T | undefined {
  return schema.safeParse(JSON.parse(field(entry, 'payload_json'))).data;
}

function field(entry: StreamEntry, name: string): string {
  const value = text(entry, name);
  if (value === undefined) throw new Error(`stream entry ${entry.id} has no field ${name}`);
  return value;
}

function deadLetterOf(entry: StreamEntry): { imei: string; key: string } {
  const imei = text(entry, 'imei') ?? '';
  return { imei, key: frameKey(imei, bytes(entry, 'frame') ?? Buffer.alloc(0)) };
}
