import { Redis } from 'ioredis';
import { Pool } from 'pg';
import PgBoss from 'pg-boss';
import { CONTRACT_VERSION } from '@app/common/contracts';
import { Child, serveOrders } from '../shared/child';
import { executed } from './executed';

export const PEER_ROLE = 'peer';
const PEER_STREAM = 'bench:peer';
const BATCH = 100;
const JOBS_AN_INSERT = 1_000;
const QUEUE = 'outbox';

/** As plain as such a table can be: rows that wait, and none that do not. */
export const PEER_TABLE = `CREATE TABLE bench.queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, key text NOT NULL, event_id uuid NOT NULL,
    traceparent text NOT NULL, payload text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`;
export const FILL_PEER_TABLE = `INSERT INTO bench.queue (topic, key, event_id, traceparent, payload)
  SELECT topic, key, event_id, traceparent, payload FROM outbox.message ORDER BY xid, id`;

/** What the relays are compared with: the plain shape of an outbox, and a job queue out of npm as one. */
export type PeerKind = 'leaseAndDelete' | 'pgBoss';

interface Order {
  readonly kind: PeerKind;
  readonly redisUrl: string;
  readonly postgresUrl: string;
}

interface Message {
  readonly event_id: string;
  readonly traceparent: string;
  readonly payload: string;
}

/** The body of a peer's process: claims a batch, publishes it through a pipeline, is done with it, until there is none. */
export function servePeer(): void {
  serveOrders(async ({ kind, redisUrl, postgresUrl }: Order): Promise<void> => {
    const redis = new Redis(redisUrl);
    await (kind === 'pgBoss' ? moveJobs : moveRows)(postgresUrl, redis);
    redis.disconnect();
  });
}

async function moveRows(connectionString: string, redis: Redis): Promise<void> {
  const pool = new Pool({ connectionString, max: 1 });
  const client = await pool.connect();
  for (let moved = 1; moved > 0;) {
    await client.query('BEGIN');
    const { rows } = await client.query<Message & { id: string }>({
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
}

async function moveJobs(connectionString: string, redis: Redis): Promise<void> {
  const boss = await bossOf(connectionString);
  for (;;) {
    const jobs = await boss.fetch<Message>(QUEUE, { batchSize: BATCH });
    if (jobs.length === 0) break;
    await publish(
      redis,
      jobs.map(({ data }) => data),
    );
    await boss.complete(
      QUEUE,
      jobs.map(({ id }) => id),
    );
  }
  await boss.stop({ graceful: false });
}

async function publish(redis: Redis, messages: readonly Message[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { event_id, traceparent, payload } of messages) {
    const fields = JSON.parse(payload) as Record<string, string>;
    pipeline.xadd(
      PEER_STREAM,
      '*',
      ...Object.entries({ ...fields, v: CONTRACT_VERSION, event_id, traceparent }).flat(),
    );
  }
  await executed(pipeline);
}

/** Without its clocks and its upkeep: nothing but the queue. */
async function bossOf(connectionString: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString, max: 2, supervise: false, schedule: false });
  await boss.start();
  return boss;
}

/** The first so many messages of the outbox as jobs. @returns how many they are. */
export async function fillBoss(connectionString: string, limit: number): Promise<number> {
  const [boss, pool] = [await bossOf(connectionString), new Pool({ connectionString, max: 1 })];
  await boss.createQueue(QUEUE);
  await boss.purgeQueue(QUEUE);
  const { rows } = await pool.query<Message>({
    text: 'SELECT event_id, traceparent, payload FROM outbox.message ORDER BY xid, id LIMIT $1',
    values: [limit],
  });
  for (let at = 0; at < rows.length; at += JOBS_AN_INSERT) {
    const jobs = rows.slice(at, at + JOBS_AN_INSERT);
    await boss.insert(jobs.map((data) => ({ name: QUEUE, data })));
  }
  await pool.end();
  await boss.stop({ graceful: false });
  return rows.length;
}

/** Peers in as many processes as there are relays. */
export class Peers {
  private readonly children = [0, 1].map(() => new Child<Order>(PEER_ROLE));

  /** Milliseconds until nothing waits any more. */
  async drain(order: Order): Promise<number> {
    const startedAt = performance.now();
    await Promise.all(this.children.map((child) => child.order(order)));
    return performance.now() - startedAt;
  }

  end(): void {
    for (const child of this.children) child.end();
  }
}
