import { type MigrationInterface, type QueryRunner } from 'typeorm';
import shardProgress from './0005-ingest/01-telemetry-shard-progress.sql';
import streamLoss from './0005-ingest/02-ops-stream-loss.sql';
import grants from './0005-ingest/03-grants.sql';
import drop from './0005-ingest.down.sql';

/** What ingest needs to notice that a store was restored, and where it names what was lost. */
export class Ingest1790000000005 implements MigrationInterface {
  readonly name = 'Ingest1790000000005';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [shardProgress, streamLoss, grants]) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(drop);
  }
}
