import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually';
import { isPortTaken, onFreePort } from './ports';
import { spawnGuarded, type GuardedProcess } from './processes';
import { startRedis, untilAnswering, type RedisServer } from './redis';
import { redisBinary, redisEnvironment } from './redis-binaries';

export interface RedisSentinelsOptions {
  readonly dir: string;
  readonly appendfsync: 'always' | 'everysec';
}

export interface RedisSentinels {
  /** The sentinels, as REDIS_URL takes them in the mode sentinel; the primary's name is `mymaster`. */
  readonly url: string;
  /** At the start. */
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  /** The port of the primary as a majority of the sentinels has it now. */
  primaryPort(): Promise<number>;
  /** Resolves when the replica of the start is the primary. */
  untilPromoted(): Promise<void>;
  /** The server that was the primary at the start, on its files and its port, as its supervisor starts it. */
  restartPrimary(): Promise<void>;
  stop(): Promise<void>;
}

const NAME = 'mymaster';
const CLIENT = { retryStrategy: () => null, disconnectTimeout: 100 };
const COUNT = 3;
const QUORUM = 2;
/** How long a primary is silent before a sentinel thinks it dead. */
const DOWN_AFTER_MS = 1000;
const FAILOVER_TIMEOUT_MS = 60_000;

/** Starts a primary, a replica that has caught up, and three sentinels that know both. */
export async function startRedisSentinels({
  dir,
  appendfsync,
}: RedisSentinelsOptions): Promise<RedisSentinels> {
  mkdirSync(dir, { recursive: true });
  const servers: { kill(): Promise<void> }[] = [];
  const started = <Server extends { kill(): Promise<void> }>(server: Server): Server => {
    servers.push(server);
    return server;
  };
  const stop = async () => {
    // The sentinels first, or they would see the servers die.
    for (const server of servers.reverse()) await server.kill();
  };
  try {
    const primary = started(await startRedis({ dir: join(dir, 'primary'), appendfsync }));
    const replicaArgs = ['--replicaof', `127.0.0.1 ${primary.port}`, '--repl-diskless-sync-delay', '0'];
    const replica = started(
      await startRedis({ dir: join(dir, 'replica'), appendfsync, extraArgs: replicaArgs }),
    );
    await untilReplicating(replica);
    const ports: number[] = [];
    const clients: Redis[] = [];
    for (let n = 0; n < COUNT; n += 1) {
      const { port, process } = await startSentinel(join(dir, `sentinel-${n}`), primary.port);
      started(process);
      ports.push(port);
      const client = new Redis(port, '127.0.0.1', { ...CLIENT, enableReadyCheck: false });
      clients.push(client);
      started({ kill: () => disconnected(client) });
    }
    await Promise.all(clients.map(untilAware));
    const primaryPort = async (): Promise<number> => {
      const named = await Promise.all(clients.map((client) => ask(client, 'GET-MASTER-ADDR-BY-NAME')));
      const counts = named.map((reply) => Number(Array.isArray(reply) ? reply[1] : 0)).sort();
      return counts[QUORUM - 1] ?? 0;
    };
    return {
      ...{ url: `redis://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`, primary, replica, stop },
      primaryPort,
      untilPromoted: async () => {
        await eventually(async () => (await primaryPort()) === replica.port, {
          ...{ what: 'the replica to be promoted', timeoutMs: FAILOVER_TIMEOUT_MS },
        });
      },
      restartPrimary: async () => {
        started(await startRedis({ dir: join(dir, 'primary'), port: primary.port, appendfsync }));
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startSentinel(
  dir: string,
  primaryPort: number,
): Promise<{ port: number; process: GuardedProcess }> {
  const binary = await redisBinary(() => undefined);
  mkdirSync(dir, { recursive: true });
  return onFreePort(
    undefined,
    async (port) => {
      const path = join(dir, 'sentinel.conf');
      // It writes what it learns into this file.
      writeFileSync(
        path,
        [
          ...[`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`],
          `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} ${QUORUM}`,
          `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
          `sentinel failover-timeout ${NAME} 5000`,
          '',
        ].join('\n'),
      );
      const process = await spawnGuarded({
        ...{ command: binary.path, env: redisEnvironment(binary), cwd: dir, logPath: `${dir}.log` },
        ...{ args: [path, '--sentinel'], stopSignal: 'SIGTERM' },
      });
      await untilAnswering(process, port);
      return { port, process };
    },
    isPortTaken,
  );
}

async function untilReplicating({ url }: RedisServer): Promise<void> {
  const client = new Redis(url, CLIENT);
  try {
    await eventually(async () => (await client.info('replication')).includes('master_link_status:up'), {
      what: 'the replica to catch up',
      timeoutMs: 30_000,
    });
  } finally {
    await disconnected(client);
  }
}

/** It knows the replica and the other sentinels: before that it could not promote anything. */
async function untilAware(client: Redis): Promise<void> {
  await eventually(
    async () => {
      const [replicas, sentinels] = await Promise.all([ask(client, 'REPLICAS'), ask(client, 'SENTINELS')]);
      const counts = [replicas, sentinels].map((reply) => (Array.isArray(reply) ? reply.length : 0));
      return counts[0] === 1 && counts[1] === COUNT - 1;
    },
    { what: 'the sentinels to know each other', timeoutMs: 30_000 },
  );
}

const ask = (client: Redis, question: string): Promise<unknown> => client.call('SENTINEL', question, NAME);

async function disconnected(client: Redis): Promise<void> {
  if (client.status === 'end') return;
  const ended = once(client, 'end');
  client.disconnect();
  await ended;
}
