import { type MigrationInterface, type QueryRunner } from 'typeorm';
import opsDeployment from './0004-operators/01-ops-deployment.sql';
import dropPositionPartitions from './0004-operators/02-drop-position-partitions.sql';
import eventOccurred from './0004-operators/03-event-occurred.sql';
import grants from './0004-operators/04-grants.sql';
import drop from './0004-operators.down.sql';

/** What operators need: facts of the deployment, dropping old days, lists of events by time. */
export class Operators1790000000004 implements MigrationInterface {
  readonly name = 'Operators1790000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [opsDeployment, dropPositionPartitions, eventOccurred, grants]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
