import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdServers, stopHeldServers } from './held-servers';
import { startPostgres, type PostgresServer } from './postgres';
import { isRunning } from './process-table';
import { startRedis, type RedisServer } from './redis';
import { publishWorkerServers } from './worker-servers';

const PREFIX = 'odograph-test-';

/** Jest: starts a PostgreSQL and a Redis for every worker, all side by side. */
export default async function globalSetup({ maxWorkers }: { maxWorkers: number }): Promise<void> {
  removeAbandonedFolders();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const servers: (PostgresServer | RedisServer)[] = [];
  holdServers(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stopHeldServers().finally(() => process.exit(1)));
  }

  const starts = Array.from({ length: maxWorkers }, async (_, index) => {
    const own = join(folder, String(index + 1));
    mkdirSync(own);
    const [postgres, redis] = await Promise.all([
      startPostgres({ dataDir: join(own, 'pg'), durable: false }).then((server) => keep(servers, server)),
      startRedis({ dir: join(own, 'redis'), appendfsync: 'everysec' }).then((server) =>
        keep(servers, server),
      ),
    ]);
    return { postgresPort: postgres.port, redisUrl: redis.url };
  });
  try {
    publishWorkerServers(await Promise.all(starts));
  } catch (error) {
    // Jest calls no teardown after a setup that failed; those that still start must be known before they are stopped.
    await Promise.allSettled(starts);
    await stopHeldServers();
    throw error;
  }
}

function keep<T extends PostgresServer | RedisServer>(
  servers: (PostgresServer | RedisServer)[],
  server: T,
): T {
  servers.push(server);
  return server;
}

/** A run that was killed leaves its folder behind (its servers end by themselves); its pid is in the name. */
function removeAbandonedFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? parseInt(name.slice(PREFIX.length), 10) : NaN;
    if (pid > 0 && !isRunning(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
