import { Foundation1790000000001 } from './0001-foundation';
import { Commands1790000000002 } from './0002-commands';
import { PositionDecoded1790000000003 } from './0003-position-decoded';
import { Operators1790000000004 } from './0004-operators';
import { Ingest1790000000005 } from './0005-ingest';
import { PositionFaulty1790000000006 } from './0006-position-faulty';

/**
 * All migrations, oldest first. TypeORM orders them by the number at the end of their names. One that was released is
 * never edited: apps compare the names of what is applied with this list before they start.
 */
export const MIGRATIONS = [
  Foundation1790000000001,
  Commands1790000000002,
  PositionDecoded1790000000003,
  Operators1790000000004,
  Ingest1790000000005,
  PositionFaulty1790000000006,
];

export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map((Migration) => new Migration().name);
