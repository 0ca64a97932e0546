import {
  INTENT_CATALOG,
  intentTypeOf,
  notificationId,
  PROCESSOR_PRODUCER,
  routeId,
  type EventKind,
} from '@app/common/contracts';
import { statement, type Database } from '@app/common/database';
import { z } from 'zod';
import { type JudgedRules } from '../../apps/ops/src/fleet';
import { type Audience } from './balance';
import readFences from './sql/read-fences.sql';
import readRules from './sql/read-rules.sql';
import readSubscriptions from './sql/read-subscriptions.sql';

const READ_FENCES = statement('demo_read_fences', readFences);
const READ_RULES = statement('demo_read_rules', readRules);
const READ_SUBSCRIPTIONS = statement('demo_read_subscriptions', readSubscriptions);

/** Devices that enroll themselves belong to it. */
const TENANT = 'default';

const speedSettings = z.object({
  limit_kmh: z.number(),
  tolerance_kmh: z.number().default(0),
  min_duration_s: z.number().default(0),
});

interface FenceRow {
  readonly id: bigint;
  readonly longitude: number;
  readonly latitude: number;
  readonly radius_m: number;
  readonly hysteresis_m: number;
  readonly dwell_s: number;
  readonly valid_from: Date;
}

interface RuleRow {
  readonly id: bigint;
  readonly kind: string;
  readonly settings: unknown;
  readonly valid_from: Date;
  readonly imei: string | null;
}

interface SubscriptionRow {
  readonly user_id: string;
  readonly imei: string | null;
  readonly event_kind: string | null;
}

/** What operators have set up, as it stands when the run starts: the demo's own things and whatever else there is. */
export class RuleBook {
  private constructor(
    readonly rules: JudgedRules,
    private readonly subscriptions: readonly SubscriptionRow[],
  ) {}

  static async read(database: Database): Promise<RuleBook> {
    const fences = await database.query<FenceRow & Record<string, unknown>>(READ_FENCES, [TENANT]);
    const rules = await database.query<RuleRow & Record<string, unknown>>(READ_RULES, [TENANT]);
    const subscriptions = await database.query<SubscriptionRow & Record<string, unknown>>(
      READ_SUBSCRIPTIONS,
      [TENANT],
    );
    return new RuleBook(
      {
        fences: fences.map((row) => ({
          reference: `geofence:${row.id}`,
          ...{ longitude: row.longitude, latitude: row.latitude, radiusM: row.radius_m },
          ...{ hysteresisM: row.hysteresis_m, dwellS: row.dwell_s, validFromMs: row.valid_from.getTime() },
        })),
        speedRules: rules.map(speedRuleOf),
      },
      subscriptions,
    );
  }

  /** Who is told of an event of that device, on which routes. */
  audienceOf(imei: string, kind: EventKind, eventId: string): Audience {
    const users = this.subscriptions
      .filter(
        (row) =>
          (row.imei === null || row.imei === imei) && (row.event_kind === null || row.event_kind === kind),
      )
      .map((row) => row.user_id);
    const recipients = [...new Set(users)].sort();
    const notification = notificationId(PROCESSOR_PRODUCER, eventId);
    const channels = INTENT_CATALOG.get(intentTypeOf(kind))?.channels ?? [];
    const routeIds = recipients.flatMap((user) =>
      channels.map((channel) => routeId(channel, notification, user)),
    );
    return { recipients, notificationId: notification, routeIds };
  }
}

function speedRuleOf({ id, kind, settings, valid_from, imei }: RuleRow): JudgedRules['speedRules'][number] {
  if (kind !== 'overspeed') throw new Error(`the balance knows no rule of kind ${kind}: remove rule ${id}`);
  const { limit_kmh, tolerance_kmh, min_duration_s } = speedSettings.parse(settings);
  return {
    reference: `rule:${id}`,
    imei: imei ?? undefined,
    ...{ limitKmh: limit_kmh, toleranceKmh: tolerance_kmh, minDurationS: min_duration_s },
    validFromMs: valid_from.getTime(),
  };
}
