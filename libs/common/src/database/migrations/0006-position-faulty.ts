import { type MigrationInterface, type QueryRunner } from 'typeorm';
import positionFaulty from './0006-position-faulty/01-position-faulty.sql';
import deviceStateResettling from './0006-position-faulty/02-device-state-resettling.sql';
import requestResettling from './0006-position-faulty/03-request-resettling.sql';
import flagPositions from './0006-position-faulty/04-flag-positions.sql';
import grants from './0006-position-faulty/05-grants.sql';
import positionDecoded from './0006-position-faulty/06-position-decoded.sql';
import drop from './0006-position-faulty.down.sql';

const OBJECTS: readonly string[] = [
  positionFaulty,
  deviceStateResettling,
  requestResettling,
  flagPositions,
  grants,
  positionDecoded,
];

/** Records that operators hide, and histories that are folded again in slices. */
export class PositionFaulty1790000000006 implements MigrationInterface {
  readonly name = 'PositionFaulty1790000000006';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of OBJECTS) await runner.query(sql);
  }

  /** Hidden records are seen again, and what was left to be folded again is forgotten: settle before going back. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
