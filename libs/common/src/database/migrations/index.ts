import { Foundation1790000000001 } from './0001-foundation';
import { Commands1790000000002 } from './0002-commands';
import { Ingest1790000000005 } from './0005-ingest';

/**
 * All migrations, oldest first. TypeORM orders them by the number at the end of their names. One that was released is
 * never edited: apps compare the names of what is applied with this list before they start.
 */
export const MIGRATIONS = [Foundation1790000000001, Commands1790000000002, Ingest1790000000005];

export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map((Migration) => new Migration().name);
