import { type MigrationInterface, type QueryRunner } from 'typeorm';
import eventId from './0010-event-ledger/01-event-id.sql';
import eventLedger from './0010-event-ledger/02-event-ledger.sql';
import eventHash from './0010-event-ledger/03-event-hash.sql';
import eventCensus from './0010-event-ledger/04-event-census.sql';
import closeLedgerHour from './0010-event-ledger/05-close-ledger-hour.sql';
import dropLedgerHours from './0010-event-ledger/06-drop-ledger-hours.sql';
import reclaim from './0010-event-ledger/07-upkeep-outbox-reclaim.sql';
import grants from './0010-event-ledger/08-grants.sql';
import drop from './0010-event-ledger.down.sql';

const OBJECTS: readonly string[] = [
  ...[eventId, eventLedger, eventHash, eventCensus, closeLedgerHour, dropLedgerHours, reclaim, grants],
];

/** What became of every message, for longer than the message itself is kept. */
export class EventLedger1790000000010 implements MigrationInterface {
  readonly name = 'EventLedger1790000000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of OBJECTS) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
