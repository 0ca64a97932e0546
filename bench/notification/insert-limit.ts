import { Client } from 'pg';
import { Child, serveOrders } from '../shared/child';
import { cpuSeconds } from '../shared/process-figures';
import { insertOf, readTable, type TableRows } from './rows';
import { type NotificationServers } from './servers';

export const INSERT_ROLE = 'insert-limit';

/** Everything that an accepted intent leaves, and how its rows are ordered: at random, as ids come in. */
const TABLES = [
  ['notification.record', 'md5(notification_id::text)'],
  ['notification.route', 'md5(notification_id::text), route_id'],
  ['notification.collapse', 'md5(recipient), collapse_key, channel'],
  ['notification.route_decision', 'md5(route_id), id'],
] as const;
/** A notification id as it stands anywhere in a row: a UUID of version 5. */
const NOTIFICATION_ID = /[0-9a-f]{8}(?=-[0-9a-f]{4}-5[0-9a-f]{3}-)/;
const HOLDS_ID = /(notification_id|route_id)$/;

type Order =
  | { readonly kind: 'take'; readonly url: string; readonly batch: number }
  /** `run` makes the ids others than those of any other run. */
  | { readonly kind: 'insert' | 'hold'; readonly run: number; readonly intents: number }
  | { readonly kind: 'release' };

interface Taken {
  readonly intents: number;
  /** By table. */
  readonly rows: Readonly<Record<string, number>>;
}

/** The body of the limit's process. */
export function serveInserts(): void {
  let inserter: Inserter | undefined;
  serveOrders(async (order: Order): Promise<unknown> => {
    if (order.kind === 'take') {
      inserter = await Inserter.take(order.url, order.batch);
      return inserter.taken;
    }
    if (inserter === undefined) throw new Error('there are no rows yet');
    if (order.kind === 'insert') return inserter.insert(order.run, order.intents);
    if (order.kind === 'hold') return inserter.hold(order.run, order.intents);
    return inserter.release();
  });
}

/** Rows that the app wrote once, inserted again by plain statements over one connection. */
class Inserter {
  private constructor(
    private readonly client: Client,
    private readonly tables: readonly TableRows[],
    private readonly batch: number,
  ) {}

  static async take(connectionString: string, batch: number): Promise<Inserter> {
    const client = new Client({ connectionString, application_name: 'bench-limit' });
    await client.connect();
    // The app's role, whose transactions end after seconds: the held one is laid out in longer.
    await client.query('SET transaction_timeout = 0');
    const tables: TableRows[] = [];
    for (const [table, orderBy] of TABLES) tables.push(await readTable(client, table, orderBy));
    return new Inserter(
      client,
      tables.filter(({ count }) => count > 0),
      batch,
    );
  }

  get taken(): Taken {
    const rows = Object.fromEntries(this.tables.map(({ table, count }) => [table, count]));
    return { intents: this.tables[0]?.count ?? 0, rows };
  }

  /** A transaction a batch. Resolves to ms. */
  async insert(run: number, intents: number): Promise<number> {
    const batches = this.batchesOf(run, intents);
    const startedAt = performance.now();
    for (const batch of batches) {
      await this.client.query('BEGIN');
      await this.write(batch);
      await this.client.query('COMMIT');
    }
    return performance.now() - startedAt;
  }

  /** All in one transaction, which stays open. */
  async hold(run: number, intents: number): Promise<void> {
    await this.client.query('BEGIN');
    for (const batch of this.batchesOf(run, intents)) await this.write(batch);
  }

  async release(): Promise<void> {
    await this.client.query('COMMIT');
  }

  private async write(batch: readonly (readonly (string | null)[][])[]): Promise<void> {
    for (const [t, table] of this.tables.entries()) {
      await this.client.query({ name: table.table, text: insertOf(table), values: [...(batch[t] ?? [])] });
    }
  }

  /** By batch, table and column; the rows of an intent are in one batch. */
  private batchesOf(run: number, intents: number): (string | null)[][][][] {
    const prefix = run.toString(16).padStart(8, '0');
    const all = this.taken.intents;
    const batches: (string | null)[][][][] = [];
    for (let from = 0; from < intents; from += this.batch) {
      const until = Math.min(intents, from + this.batch);
      batches.push(
        this.tables.map(({ columns, values, count }) =>
          columns.map(({ name }, c) => {
            const cells = (values[c] ?? []).slice((count * from) / all, (count * until) / all);
            if (!HOLDS_ID.test(name)) return cells;
            return cells.map((cell) => cell?.replace(NOTIFICATION_ID, prefix) ?? null);
          }),
        ),
      );
    }
    return batches;
  }
}

/** Bare inserts of the rows that the app writes for its intents, in one process. */
export class InsertLimit {
  private readonly child = new Child<Order>(INSERT_ROLE);
  private run = 0;

  constructor(private readonly servers: NotificationServers) {}

  /** Learns the rows from those that are there. */
  async take(batch: number): Promise<Taken> {
    const url = this.servers.postgres.url('odograph_notification');
    return (await this.child.order({ kind: 'take', url, batch })) as Taken;
  }

  /** Intents a second, and microseconds of CPU an intent. */
  async measure(intents: number): Promise<{ perS: number; cpuUs: Record<'client' | 'postgres', number> }> {
    const before = this.cpuSeconds();
    this.run += 1;
    const tookMs = Number(await this.child.order({ kind: 'insert', run: this.run, intents }));
    const after = this.cpuSeconds();
    const us = (of: keyof typeof before): number => ((after[of] - before[of]) * 1e6) / intents;
    return { perS: (intents * 1000) / tookMs, cpuUs: { client: us('client'), postgres: us('postgres') } };
  }

  /** Inserts them in a transaction that stays open until `release`. */
  async hold(intents: number): Promise<void> {
    this.run += 1;
    await this.child.order({ kind: 'hold', run: this.run, intents });
  }

  async release(): Promise<void> {
    await this.child.order({ kind: 'release' });
  }

  end(): void {
    this.child.end();
  }

  private cpuSeconds(): Record<'client' | 'postgres', number> {
    return { client: cpuSeconds(this.child.pid), postgres: this.servers.cpuSeconds().postgres };
  }
}
