import { type MigrationInterface, type QueryRunner } from 'typeorm';
import eventHidden from './0012-event-hidden/01-event-hidden.sql';
import flagPositions from './0012-event-hidden/02-flag-positions.sql';
import drop from './0012-event-hidden.down.sql';

const OBJECTS: readonly string[] = [eventHidden, flagPositions];

/** Events that were hidden with the record that decided them come back with it. */
export class EventHidden1790000000012 implements MigrationInterface {
  readonly name = 'EventHidden1790000000012';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of OBJECTS) await runner.query(sql);
  }

  /** Those that are hidden then stay retracted. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
