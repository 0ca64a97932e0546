import { type MigrationInterface, type QueryRunner } from 'typeorm';
import setAside from './0009-dead-letter-months/01-set-aside.sql';
import partitioned from './0009-dead-letter-months/02-partitioned.sql';
import ensureDeadLetterMonths from './0009-dead-letter-months/03-ensure-dead-letter-months.sql';
import dropDeadLetterMonths from './0009-dead-letter-months/04-drop-dead-letter-months.sql';
import move from './0009-dead-letter-months/05-move.sql';
import grants from './0009-dead-letter-months/06-grants.sql';
import drop from './0009-dead-letter-months.down.sql';

/** Dead letters by month, so that their retention is the dropping of a table. */
export class DeadLetterMonths1790000000009 implements MigrationInterface {
  readonly name = 'DeadLetterMonths1790000000009';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [setAside, partitioned, ensureDeadLetterMonths, dropDeadLetterMonths, move, grants])
      await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
