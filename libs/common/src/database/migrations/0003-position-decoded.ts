import { type MigrationInterface, type QueryRunner } from 'typeorm';
import ioElements from './0003-position-decoded/01-io-elements.sql';
import ioValue from './0003-position-decoded/02-io-value.sql';
import positionDecoded from './0003-position-decoded/03-position-decoded.sql';
import grants from './0003-position-decoded/04-grants.sql';
import drop from './0003-position-decoded.down.sql';

/** Reading what is stored as raw bytes. */
export class PositionDecoded1790000000003 implements MigrationInterface {
  readonly name = 'PositionDecoded1790000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [ioElements, ioValue, positionDecoded, grants]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
