import { type EventKind } from '@app/common/contracts';
import { statement, type Transaction } from '@app/common/database';
import { describeError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { type ActiveRule, bindRule, ruleKey } from '../domain';
import { type KnownDevice } from './device-directory';
import activeGeofences from './sql/active-geofences.sql';
import activeRules from './sql/active-rules.sql';
import subscriptions from './sql/subscriptions.sql';

const RULES = statement('sink_active-rules', activeRules);
const GEOFENCES = statement('sink_active-geofences', activeGeofences);
const SUBSCRIPTIONS = statement('sink_subscriptions', subscriptions);

interface VersionRow {
  readonly id: bigint;
  readonly tenant_id: string;
  readonly name: string;
  readonly version: number;
  readonly valid_from: Date;
}

interface RuleRow extends VersionRow {
  readonly kind: string;
  readonly device_id: bigint | null;
  readonly settings: unknown;
}

interface GeofenceRow extends VersionRow {
  readonly longitude: number;
  readonly latitude: number;
  readonly radius_m: number;
  readonly hysteresis_m: number;
  readonly dwell_s: number;
}

interface SubscriptionRow {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly device_id: bigint | null;
  readonly event_kind: string | null;
}

interface ScopedRule {
  readonly tenantId: string;
  readonly deviceId: bigint | null;
  readonly rule: ActiveRule;
}

/** What applies to whom, as read at one moment. */
export class Rulebook {
  constructor(
    private readonly rules: readonly ScopedRule[],
    private readonly subscriptions: readonly SubscriptionRow[],
  ) {}

  rulesOf(device: KnownDevice): ActiveRule[] {
    return this.rules
      .filter(
        ({ tenantId, deviceId }) => tenantId === device.tenantId && (deviceId ?? device.id) === device.id,
      )
      .map(({ rule }) => rule);
  }

  /** Distinct user ids in order, so that the same subscribers make the same intent. */
  subscribersOf(device: KnownDevice, kind: EventKind): string[] {
    const users = this.subscriptions
      .filter(
        ({ tenant_id, device_id, event_kind }) =>
          tenant_id === device.tenantId &&
          (device_id ?? device.id) === device.id &&
          (event_kind ?? kind) === kind,
      )
      .map(({ user_id }) => user_id);
    return [...new Set(users)].sort();
  }
}

/** What an operator changes takes effect within this time. */
const FRESH_MS = 2000;

/** Reads the rules, geofences and subscriptions, and keeps them for two seconds. */
export class RulebookReader {
  private cached: { readonly rulebook: Rulebook; readonly readAtMs: number } | undefined;
  private readonly reported = new Set<string>();

  constructor(
    private readonly logger: Logger,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async current(transaction: Transaction): Promise<Rulebook> {
    const readAtMs = this.now();
    if (this.cached !== undefined && readAtMs - this.cached.readAtMs < FRESH_MS) return this.cached.rulebook;
    const rules = await transaction.query<RuleRow>(RULES);
    const geofences = await transaction.query<GeofenceRow>(GEOFENCES);
    const subscribed = await transaction.query<SubscriptionRow>(SUBSCRIPTIONS);
    const scoped = [
      ...rules.flatMap((row) => this.scoped(row, 'rule', row.kind, row.device_id, row.settings)),
      ...geofences.flatMap((row) => this.scoped(row, 'geofence', 'geofence', null, row)),
    ];
    const rulebook = new Rulebook(scoped, subscribed);
    this.cached = { rulebook, readAtMs };
    return rulebook;
  }

  /** A rule that cannot be read must not hold up the fleet's positions: it is left out and named. */
  private scoped(
    row: VersionRow,
    noun: 'rule' | 'geofence',
    kind: string,
    deviceId: bigint | null,
    settings: unknown,
  ): ScopedRule[] {
    const head = { reference: `${noun}:${row.id}`, version: row.version, name: row.name };
    try {
      const rule = { ...head, validFromMs: row.valid_from.getTime(), bound: bindRule(kind, settings) };
      return [{ tenantId: row.tenant_id, deviceId, rule }];
    } catch (error) {
      if (!this.reported.has(ruleKey(head))) {
        this.logger.error({ event: 'rule_unreadable', ...head, reason: describeError(error) });
      }
      this.reported.add(ruleKey(head));
      return [];
    }
  }
}
