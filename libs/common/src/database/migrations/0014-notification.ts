import { type MigrationInterface, type QueryRunner } from 'typeorm';
import userAccountUnits from './0014-notification/01-user-account-units.sql';
import preference from './0014-notification/02-preference.sql';
import quietHours from './0014-notification/03-quiet-hours.sql';
import recordWaiting from './0014-notification/04-record-waiting.sql';
import route from './0014-notification/05-route.sql';
import routeDecision from './0014-notification/06-route-decision.sql';
import collapse from './0014-notification/07-collapse.sql';
import allowance from './0014-notification/08-allowance.sql';
import sink from './0014-notification/09-sink.sql';
import deadLetterResolution from './0014-notification/10-dead-letter-resolution.sql';
import grants from './0014-notification/11-grants.sql';
import drop from './0014-notification.down.sql';

const OBJECTS: readonly string[] = [
  userAccountUnits,
  preference,
  quietHours,
  recordWaiting,
  route,
  routeDecision,
  collapse,
  allowance,
  sink,
  deadLetterResolution,
  grants,
];

/** Preferences, quiet hours, and what decides whether and when a route goes out. */
export class Notification1790000000014 implements MigrationInterface {
  readonly name = 'Notification1790000000014';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of OBJECTS) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
