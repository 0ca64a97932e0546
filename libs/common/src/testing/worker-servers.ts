import { z } from 'zod';

/** Where global-setup leaves the addresses; Jest's workers inherit the environment. */
const VARIABLE = 'ODOGRAPH_TEST_SERVERS';

const workerServers = z.array(z.object({ postgresPort: z.number().int(), redisUrl: z.string() }));

/** What one Jest worker has for itself. */
export type WorkerServers = z.infer<typeof workerServers>[number];

export function publishWorkerServers(servers: WorkerServers[]): void {
  process.env[VARIABLE] = JSON.stringify(servers);
}

/** The servers of the worker that runs this; every one has its own, since a writer anywhere in a PostgreSQL server
 * holds back `pg_snapshot_xmin` for all of its databases. */
export function ownWorkerServers(): WorkerServers {
  const published = process.env[VARIABLE];
  if (published === undefined) {
    throw new Error('no test servers: only int and e2e specs have them (name the file *.int-spec.ts)');
  }
  const worker = Number(process.env['JEST_WORKER_ID'] ?? 1);
  const own = workerServers.parse(JSON.parse(published))[worker - 1];
  if (!own) throw new Error(`no test servers were started for Jest worker ${worker}`);
  return own;
}
