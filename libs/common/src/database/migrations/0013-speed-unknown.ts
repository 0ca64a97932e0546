import { type MigrationInterface, type QueryRunner } from 'typeorm';
import speedUnknown from './0013-speed-unknown/01-speed-unknown.sql';
import drop from './0013-speed-unknown.down.sql';

/** A speed that a record does not give is unknown, and not 0. */
export class SpeedUnknown1790000000013 implements MigrationInterface {
  readonly name = 'SpeedUnknown1790000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(speedUnknown);
  }

  /** Reads all positions; what is unknown is 0 again then. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
