import { type MigrationInterface, type QueryRunner } from 'typeorm';
import resetRoleSettings from '../sql/reset-role-settings.sql';
import schemas from './0001-foundation/01-schemas.sql';
import roles from './0001-foundation/02-roles.sql';
import opsLease from './0001-foundation/03-ops-lease.sql';
import opsAudit from './0001-foundation/04-ops-audit.sql';
import telemetryDevice from './0001-foundation/10-telemetry-device.sql';
import telemetryPosition from './0001-foundation/11-telemetry-position.sql';
import telemetryDeviceState from './0001-foundation/12-telemetry-device-state.sql';
import telemetryRuleCheckpoint from './0001-foundation/13-telemetry-rule-checkpoint.sql';
import telemetryGeofence from './0001-foundation/14-telemetry-geofence.sql';
import telemetryRule from './0001-foundation/15-telemetry-rule.sql';
import telemetrySubscription from './0001-foundation/16-telemetry-subscription.sql';
import telemetryEvent from './0001-foundation/17-telemetry-event.sql';
import outboxGeneration from './0001-foundation/20-outbox-generation.sql';
import outboxMessage from './0001-foundation/21-outbox-message.sql';
import outboxCursor from './0001-foundation/22-outbox-cursor.sql';
import notificationUserAccount from './0001-foundation/30-notification-user-account.sql';
import notificationRecord from './0001-foundation/31-notification-record.sql';
import notificationRoute from './0001-foundation/32-notification-route.sql';
import notificationDeadLetter from './0001-foundation/33-notification-dead-letter.sql';
import notificationMalformedIntent from './0001-foundation/34-notification-malformed-intent.sql';
import upkeepPositionPartitions from './0001-foundation/40-upkeep-position-partitions.sql';
import upkeepOutboxReclaim from './0001-foundation/41-upkeep-outbox-reclaim.sql';
import grants from './0001-foundation/50-grants.sql';
import drop from './0001-foundation.down.sql';

/** In the order in which they depend on each other, which is that of their numbers. */
const OBJECTS: readonly string[] = [
  schemas,
  roles,
  opsLease,
  opsAudit,
  telemetryDevice,
  telemetryPosition,
  telemetryDeviceState,
  telemetryRuleCheckpoint,
  telemetryGeofence,
  telemetryRule,
  telemetrySubscription,
  telemetryEvent,
  outboxGeneration,
  outboxMessage,
  outboxCursor,
  notificationUserAccount,
  notificationRecord,
  notificationRoute,
  notificationDeadLetter,
  notificationMalformedIntent,
  upkeepPositionPartitions,
  upkeepOutboxReclaim,
  grants,
];

/** Everything that the first version stands on: four schemas, the roles of the apps, their grants and the upkeep. */
export class Foundation1790000000001 implements MigrationInterface {
  readonly name = 'Foundation1790000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of OBJECTS) await runner.query(sql);
  }

  /** Takes all data with it. The roles stay, without their settings here: other databases of the server may use them. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(resetRoleSettings);
    await runner.query(drop);
  }
}
