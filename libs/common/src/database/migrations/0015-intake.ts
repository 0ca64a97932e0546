import { type MigrationInterface, type QueryRunner } from 'typeorm';
import recordLane from './0015-intake/01-record-lane.sql';
import drop from './0015-intake.down.sql';

/** What waits for its recipients, by urgency and by age. */
export class Intake1790000000015 implements MigrationInterface {
  readonly name = 'Intake1790000000015';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(recordLane);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
