import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { Child, serveOrders } from '../shared/child';
import { executed } from './executed';
import { CONTRACT_VERSION } from '@app/common/contracts';

export const PEER_ROLE = 'peer';
const PEER_STREAM = 'bench:peer';
const BATCH = 100;

/** As plain as such a table can be: rows that wait, and none that do not. */
export const PEER_TABLE = `CREATE TABLE bench.queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, key text NOT NULL, event_id uuid NOT NULL,
    traceparent text NOT NULL, payload text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`;
export const FILL_PEER_TABLE = `INSERT INTO bench.queue (topic, key, event_id, traceparent, payload)
  SELECT topic, key, event_id, traceparent, payload FROM outbox.message ORDER BY xid, id`;

interface Order {
  readonly redisUrl: string;
  readonly postgresUrl: string;
}

interface QueueRow {
  readonly id: string;
  readonly event_id: string;
  readonly traceparent: string;
  readonly payload: string;
}

/** The body of a peer's process: claims a batch under row locks, publishes it through a pipeline, deletes it. */
export function servePeer(): void {
  serveOrders(async ({ redisUrl, postgresUrl }: Order): Promise<void> => {
    const redis = new Redis(redisUrl);
    const pool = new Pool({ connectionString: postgresUrl, max: 1 });
    const client = await pool.connect();
    for (let moved = 1; moved > 0;) {
      await client.query('BEGIN');
      const { rows } = await client.query<QueueRow>({
        name: 'claim',
        text: `SELECT id, event_id, traceparent, payload FROM bench.queue ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
      });
      moved = rows.length;
      if (moved > 0) {
        await publish(redis, rows);
        const ids = rows.map(({ id }) => id);
        await client.query({
          name: 'delete',
          text: 'DELETE FROM bench.queue WHERE id = ANY ($1)',
          values: [ids],
        });
      }
      await client.query('COMMIT');
    }
    client.release();
    await pool.end();
    redis.disconnect();
  });
}

async function publish(redis: Redis, rows: readonly QueueRow[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { event_id, traceparent, payload } of rows) {
    const fields = JSON.parse(payload) as Record<string, string>;
    pipeline.xadd(
      PEER_STREAM,
      '*',
      ...Object.entries({ ...fields, v: CONTRACT_VERSION, event_id, traceparent }).flat(),
    );
  }
  await executed(pipeline);
}

/** The plain shape of an outbox, in as many processes as there are relays: a lease by row lock, and a delete. */
export class LeaseAndDelete {
  private readonly children = [0, 1].map(() => new Child<Order>(PEER_ROLE));

  /** Milliseconds until the table is empty. */
  async drain(order: Order): Promise<number> {
    const startedAt = performance.now();
    await Promise.all(this.children.map((child) => child.order(order)));
    return performance.now() - startedAt;
  }

  end(): void {
    for (const child of this.children) child.end();
  }
}
