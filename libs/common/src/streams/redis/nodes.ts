import { type Redis } from 'ioredis';
import { type RedisConnection } from './connection';
import { type NodePool } from './node-pool';
import { type ClusterTopology } from './topology';

/** The server, or the servers of a cluster, as the verbs see them: commands go to where their keys are. */
export interface RedisNodes {
  /**
   * Runs commands whose keys share the slot of `key`. In a cluster `work` is called again where the node refused it for
   * being the wrong one, so what it has done until a refusal must bear repeating.
   *
   * @throws OdographError REDIS_UNREACHABLE (outcome unknown) or STREAM_REFUSED.
   */
  run<Value>(key: string, work: (redis: Redis) => Promise<Value>, timeoutMs?: number): Promise<Value>;
  /** Once on every server that holds keys. */
  onEach<Value>(work: (redis: Redis) => Promise<Value>, timeoutMs?: number): Promise<Value[]>;
  connect(timeoutMs: number): Promise<void>;
  readonly isReady: boolean;
  close(): Promise<void>;
}

export class SingleNode implements RedisNodes {
  constructor(private readonly connection: RedisConnection) {}

  run<Value>(_key: string, work: (redis: Redis) => Promise<Value>, timeoutMs?: number): Promise<Value> {
    return this.connection.run(work, timeoutMs);
  }

  async onEach<Value>(work: (redis: Redis) => Promise<Value>, timeoutMs?: number): Promise<Value[]> {
    return [await this.connection.run(work, timeoutMs)];
  }

  connect(timeoutMs: number): Promise<void> {
    return this.connection.connect(timeoutMs);
  }

  get isReady(): boolean {
    return this.connection.isReady;
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}

export class ClusterNodes implements RedisNodes {
  constructor(
    private readonly topology: ClusterTopology,
    private readonly pool: NodePool<RedisConnection>,
  ) {}

  run<Value>(key: string, work: (redis: Redis) => Promise<Value>, timeoutMs?: number): Promise<Value> {
    return this.topology.follow(key, async (address, asking) => {
      const connection = await this.pool.at(address);
      return connection.run((redis) => work(asking ? withAsking(redis) : redis), timeoutMs);
    });
  }

  onEach<Value>(work: (redis: Redis) => Promise<Value>, timeoutMs?: number): Promise<Value[]> {
    return Promise.all(
      [...this.topology.masters].map(async (address) => (await this.pool.at(address)).run(work, timeoutMs)),
    );
  }

  async connect(timeoutMs: number): Promise<void> {
    await this.topology.connect(timeoutMs);
    await Promise.all([...this.topology.masters].map((address) => this.pool.at(address)));
  }

  get isReady(): boolean {
    return this.pool.isReady;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

/**
 * The same connection with ASKING before every command: a node that is being given a slot serves it only so. Within a
 * transaction one ASKING before MULTI holds for all of it.
 */
function withAsking(redis: Redis): Redis {
  return new Proxy(redis, {
    get: (target, name) => {
      if (name !== 'sendCommand') return Reflect.get(target, name) as unknown;
      return (...args: Parameters<Redis['sendCommand']>) => {
        // Its refusal would be followed by that of the command itself.
        target.call('ASKING').catch(() => undefined);
        return target.sendCommand(...args);
      };
    },
  });
}
