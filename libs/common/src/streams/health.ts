import { type HealthContributor, type HealthReport } from '../health';
import { durabilityFaults, readDurability } from './redis/durability';
import { infoField } from './redis/inspector';
import { type RedisStreams } from './redis/redis-streams';

/** Above this share of `maxmemory` the edge stops acknowledging; a person should have looked before. */
const MEMORY_WARNING = 0.7;
const PING_TIMEOUT_MS = 1000;

/** Redis in words: how fast, how full, how durable, and whether its last writes to disk went well. */
export class RedisHealth implements HealthContributor {
  readonly name = 'redis';
  readonly gatesReadiness = true;

  constructor(private readonly streams: RedisStreams) {}

  async check(): Promise<HealthReport> {
    const latencyMs = await this.streams.ping(PING_TIMEOUT_MS);
    const [info, durability, { usedBytes, maxBytes }] = await Promise.all([
      this.streams.commands.run(async (redis) => ({
        persistence: await redis.info('persistence'),
        replication: await redis.info('replication'),
      })),
      this.streams.commands.run(readDurability),
      this.streams.memory(),
    ]);
    const faults = durabilityFaults(durability, this.streams.options.fsync);
    const lastWrite = infoField(info.persistence, 'aof_last_write_status') ?? 'unknown';
    const role = infoField(info.replication, 'role') ?? 'unknown';
    if (lastWrite === 'err') faults.push('the last write of the append-only file failed');
    if (role === 'slave') faults.push('it is a read-only replica');
    const share = maxBytes === 0 ? 0 : usedBytes / maxBytes;
    const atRisk = (durability.fsync ?? this.streams.options.fsync) !== 'always';
    return {
      status: faults.length > 0 ? 'down' : share > MEMORY_WARNING || atRisk ? 'degraded' : 'up',
      details: {
        latencyMs: Math.round(latencyMs * 100) / 100,
        memory: maxBytes === 0 ? `${megabytes(usedBytes)} MB, no limit` : memoryOf(usedBytes, maxBytes),
        appendOnlyFile:
          durability.appendOnly === undefined ? 'unknown' : durability.appendOnly ? 'on' : 'off',
        lastWrite,
        fsync: atRisk ? 'everysec: up to a second of acknowledged records is at risk' : 'always',
        role,
        ...(faults.length > 0 ? { faults: faults.join(', ') } : {}),
      },
    };
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576);
const memoryOf = (used: number, max: number): string =>
  `${Math.round((used / max) * 100)}% of ${megabytes(max)} MB maxmemory`;
