import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { Database } from '@app/common/database';
import { createLogger } from '@app/common/observability';
import { runCommandLine } from './command-line';

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

const rowSchema = z.record(z.string(), z.unknown());
type Row = z.infer<typeof rowSchema>;

interface Addresses {
  /** Database of the operator's role. */
  readonly operator: () => string;
  /** The same database as its owner. */
  readonly owner: () => string;
  readonly redis?: () => string;
}

/** `odo` as an operator runs it in a folder of its own, and the owner's look at what it left behind. */
export class OdoInTest {
  private readonly directory = mkdtempSync(join(tmpdir(), 'odo-'));
  private database: Database | undefined;
  /** What `odo` reads from standard input. */
  typed = '';
  /** Settings beside the addresses. */
  environment: Readonly<Record<string, string>> = {};

  constructor(private readonly addresses: Addresses) {}

  async run(...args: string[]): Promise<Ran> {
    let out = '';
    let err = '';
    const status = await runCommandLine(args, {
      terminal: { out: (text) => (out += text), err: (text) => (err += text) },
      environment: {
        DATABASE_URL: this.addresses.operator(),
        REDIS_URL: this.addresses.redis?.(),
        ...this.environment,
      },
      directory: this.directory,
      input: () => Readable.from([this.typed]),
    });
    return { status, out, err };
  }

  /** What a command says that has to go well. */
  async done(...args: string[]): Promise<string> {
    const { status, out, err } = await this.run(...args);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    return out;
  }

  async json(...args: string[]): Promise<unknown> {
    return JSON.parse(await this.done(...args, '--json'));
  }

  async one(...args: string[]): Promise<Row> {
    return rowSchema.parse(await this.json(...args));
  }

  async many(...args: string[]): Promise<Row[]> {
    return z.array(rowSchema).parse(await this.json(...args));
  }

  /** Writes a file into the folder that the command runs in. */
  file(name: string, text: string): string {
    writeFileSync(join(this.directory, name), text);
    return name;
  }

  /** Runs a statement as the owner. */
  query(text: string, params: unknown[] = []): Promise<Row[]> {
    this.database ??= new Database({
      url: this.addresses.owner(),
      ...{ poolSize: 1, applicationName: 'test', startupTimeoutMs: 5000, usePreparedStatements: false },
      logger: createLogger({ app: 'test', level: 'silent' }),
    });
    return this.database.query<Row>({ name: 'test', text }, params);
  }

  auditOf(subject: string): Promise<Row[]> {
    return this.query(
      `SELECT actor, action, tenant_id, details->>'outcome' AS outcome,
              details->'before' <> 'null' AS had_before, details->'after' AS after
       FROM ops.audit WHERE subject = $1 ORDER BY id`,
      [subject],
    );
  }

  async close(): Promise<void> {
    await this.database?.stop(1000);
    rmSync(this.directory, { recursive: true });
  }
}

export const isoOf = (value: unknown): string => z.coerce.date().parse(value).toISOString();
