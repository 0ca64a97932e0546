import { type HealthContributor, type HealthReport } from '../health';
import { type Database } from './database';
import { checkSchema } from './schema-check';
import health from './sql/health.sql';
import { statement } from './statement';

const HEALTH = statement('database_health', health);

/** The schema changes rarely, and a probe comes every few seconds. */
const SCHEMA_CHECK_EVERY_MS = 60_000;
/** The rest of a probe's time; a check that takes longer shows its result at a later probe. */
const SCHEMA_CHECK_PATIENCE_MS = 1_000;

interface SchemaVerdict {
  readonly good: boolean;
  readonly words: string;
}

/** PostgreSQL in words: `down` where it takes no writes, `degraded` where the schema is not that of this build. */
export class PostgresHealth implements HealthContributor {
  readonly name = 'postgres';
  private verdict: SchemaVerdict = { good: true, words: 'not checked yet' };
  private checkedAtMs = -Infinity;
  private checking: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    readonly gatesReadiness: boolean,
  ) {}

  async check(): Promise<HealthReport> {
    const startedAtMs = performance.now();
    const [facts] = await this.database.query<{ version: string; in_recovery: boolean }>(HEALTH);
    const latencyMs = Math.round((performance.now() - startedAtMs) * 10) / 10;
    const { inUse, size, waiting } = this.database.poolUse;
    const readOnly = facts?.in_recovery ?? true;
    if (!readOnly) await this.refreshSchemaVerdict();
    const status = readOnly ? 'down' : this.verdict.good ? 'up' : 'degraded';
    return {
      status,
      details: {
        latencyMs,
        pool: `${inUse} of ${size} connections in use, ${waiting} callers waiting`,
        server: `PostgreSQL ${facts?.version ?? 'of unknown version'}`,
        recovery: readOnly ? 'in recovery: it takes no writes' : 'not in recovery',
        schema: this.verdict.words,
      },
    };
  }

  private async refreshSchemaVerdict(): Promise<void> {
    if (performance.now() - this.checkedAtMs < SCHEMA_CHECK_EVERY_MS) return;
    this.checking ??= this.checkNow().finally(() => {
      this.checking = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SCHEMA_CHECK_PATIENCE_MS);
    });
    await Promise.race([this.checking, patience]);
    clearTimeout(timer);
  }

  private async checkNow(): Promise<void> {
    this.verdict = await this.judge();
    this.checkedAtMs = performance.now();
  }

  private async judge(): Promise<SchemaVerdict> {
    try {
      const differences = await checkSchema(this.database);
      if (differences.length === 0) return { good: true, words: 'as the migrations of this build make it' };
      const names = differences.slice(0, 3).map(({ object }) => object);
      const more = differences.length > names.length ? ` and ${differences.length - names.length} more` : '';
      return {
        good: false,
        words: `not as this build makes it: ${names.join(', ')}${more} (\`odo schema check\` tells all)`,
      };
    } catch (error) {
      return {
        good: false,
        words: `could not be checked: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
  }
}
