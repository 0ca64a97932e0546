import { type Redis } from 'ioredis';
import { type HealthContributor, type HealthReport } from '../health';
import { durabilityFaults, readDurability, type Durability, type Fsync } from './redis/durability';
import { infoField, infoNumber } from './redis/inspector';
import { type RedisStreams } from './redis/redis-streams';

/** Above this share of `maxmemory` the edge stops acknowledging; a person should have looked before. */
const MEMORY_WARNING = 0.7;
const PING_TIMEOUT_MS = 1000;

/** What one server says of itself. */
interface ServerState {
  readonly durability: Durability;
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly lastWrite: string;
  readonly role: string;
}

/** Redis in words: how fast, how full, how durable, and whether its last writes to disk went well. */
export class RedisHealth implements HealthContributor {
  readonly name = 'redis';
  readonly gatesReadiness = true;

  constructor(private readonly streams: RedisStreams) {}

  async check(): Promise<HealthReport> {
    const latencyMs = await this.streams.ping(PING_TIMEOUT_MS);
    const servers = await this.streams.commands.onEach(stateOf);
    const { fsync } = this.streams.options;
    const faults = [...new Set(servers.flatMap((server) => faultsOf(server, fsync)))];
    // Of several the fullest: it is what stops the edge.
    const { usedBytes, maxBytes } = servers.reduce((a, b) => (shareOf(b) > shareOf(a) ? b : a));
    const atRisk = servers.some(({ durability }) => (durability.fsync ?? fsync) !== 'always');
    const isFilling = shareOf({ usedBytes, maxBytes }) > MEMORY_WARNING;
    return {
      status: faults.length > 0 ? 'down' : isFilling || atRisk ? 'degraded' : 'up',
      details: {
        latencyMs: Math.round(latencyMs * 100) / 100,
        memory: maxBytes === 0 ? `${megabytes(usedBytes)} MB, no limit` : memoryOf(usedBytes, maxBytes),
        appendOnlyFile: each(servers, ({ durability }) => onOrOff(durability.appendOnly)),
        lastWrite: each(servers, ({ lastWrite }) => lastWrite),
        fsync: atRisk ? 'everysec: up to a second of acknowledged records is at risk' : 'always',
        role: each(servers, ({ role }) => role),
        ...(servers.length > 1 ? { servers: servers.length } : {}),
        ...(faults.length > 0 ? { faults: faults.join(', ') } : {}),
      },
    };
  }
}

async function stateOf(redis: Redis): Promise<ServerState> {
  const [persistence, replication, memory, durability] = await Promise.all([
    redis.info('persistence'),
    redis.info('replication'),
    redis.info('memory'),
    readDurability(redis),
  ]);
  return {
    durability,
    usedBytes: infoNumber(memory, 'used_memory'),
    maxBytes: infoNumber(memory, 'maxmemory'),
    lastWrite: infoField(persistence, 'aof_last_write_status') ?? 'unknown',
    role: infoField(replication, 'role') ?? 'unknown',
  };
}

function faultsOf({ durability, lastWrite, role }: ServerState, fsync: Fsync): string[] {
  return [
    ...durabilityFaults(durability, fsync),
    ...(lastWrite === 'err' ? ['the last write of the append-only file failed'] : []),
    ...(role === 'slave' ? ['it is a read-only replica'] : []),
  ];
}

/** What all say alike, once. */
const each = (servers: readonly ServerState[], say: (server: ServerState) => string): string =>
  [...new Set(servers.map(say))].join(', ');

const onOrOff = (value: boolean | undefined): string =>
  value === undefined ? 'unknown' : value ? 'on' : 'off';
const shareOf = ({ usedBytes, maxBytes }: Pick<ServerState, 'usedBytes' | 'maxBytes'>): number =>
  maxBytes === 0 ? 0 : usedBytes / maxBytes;
const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576);
const memoryOf = (used: number, max: number): string =>
  `${Math.round((used / max) * 100)}% of ${megabytes(max)} MB maxmemory`;
