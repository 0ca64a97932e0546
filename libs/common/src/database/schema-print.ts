import columns from './sql/schema-columns.sql';
import comments from './sql/schema-comments.sql';
import constraints from './sql/schema-constraints.sql';
import functions from './sql/schema-functions.sql';
import grants from './sql/schema-grants.sql';
import indexes from './sql/schema-indexes.sql';
import partitions from './sql/schema-partitions.sql';
import tables from './sql/schema-tables.sql';
import triggers from './sql/schema-triggers.sql';
import types from './sql/schema-types.sql';
import { statement } from './statement';
import { type Transaction } from './transaction';

/** Where a schema is read from. One transaction, so that the print is of one moment. */
export interface SchemaSource {
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
}

interface PrintedObject {
  readonly object: string;
  readonly definition: string;
}

const SCHEMAS = ['telemetry', 'outbox', 'notification', 'ops'];

const HEADER = '# The schema as `odo schema print` gives it. Made from the migrations; not edited by hand.';

const READ_ONLY = statement('schema_read_only', 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
/** Names are printed with their schema only where the search path does not lead to it. */
const EMPTY_PATH = statement('schema_empty_path', `SELECT set_config('search_path', 'pg_catalog', true)`);

const PARTS = [
  statement('schema_tables', tables),
  statement('schema_types', types),
  statement('schema_partitions', partitions),
  statement('schema_columns', columns),
  statement('schema_constraints', constraints),
  statement('schema_indexes', indexes),
  statement('schema_functions', functions),
  statement('schema_triggers', triggers),
  statement('schema_comments', comments),
  statement('schema_grants', grants),
];

/**
 * Our four schemas as text, one line for each object: `<kind> <name>: <definition>`. The same for the same schema
 * whatever the database, its owner, its age and its data. Any role may read it.
 */
export async function printSchema(source: SchemaSource): Promise<string> {
  return source.transaction(async (transaction) => {
    await transaction.query(READ_ONLY);
    await transaction.query(EMPTY_PATH);
    const lines = [HEADER];
    for (const part of PARTS) {
      const objects = await transaction.query<PrintedObject>(part, [SCHEMAS]);
      lines.push('', ...objects.map(({ object, definition }) => `${object}: ${onOneLine(definition)}`));
    }
    return `${lines.join('\n')}\n`;
  });
}

function onOneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
