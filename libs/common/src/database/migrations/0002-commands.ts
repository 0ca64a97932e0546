import { type MigrationInterface, type QueryRunner } from 'typeorm';
import opsCommand from './0002-commands/01-ops-command.sql';
import grants from './0002-commands/02-grants.sql';
import drop from './0002-commands.down.sql';

/** The record of commands to devices. */
export class Commands1790000000002 implements MigrationInterface {
  readonly name = 'Commands1790000000002';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [opsCommand, grants]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
