import { hostname } from 'node:os';
import { z } from 'zod';
import { GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS, OUTBOX_TOPICS } from '../contracts';
import { duration, integer, oneOf, port, seedUrl, url } from './fields';
import { settingGroup, type SettingsOf } from './settings';

/** Settings of every process that works on PostgreSQL; an edge alone does not. */
export const databaseSettings = settingGroup(['DATABASE_'], {
  DATABASE_URL: url(['postgres', 'postgresql']).describe(
    'PostgreSQL of this app, with the app role as user.',
  ),
  DATABASE_POOL_SIZE: integer(8, { min: 2, max: 100 }).describe('Connections of this process to PostgreSQL.'),
});

export const REDIS_MODES = ['single', 'sentinel', 'cluster'] as const;
export type RedisMode = (typeof REDIS_MODES)[number];

/** What REDIS_URL means. */
export const redisTopology = {
  REDIS_MODE: oneOf(REDIS_MODES, 'single').describe(
    'What REDIS_URL names: one server, sentinels that know the primary, or nodes of a Redis Cluster.',
  ),
  REDIS_SENTINEL_MASTER: z
    .string()
    .default('mymaster')
    .describe('Name of the primary among the sentinels; mode sentinel only.'),
  REDIS_SENTINEL_PASSWORD: z
    .string()
    .optional()
    .describe('Password of the sentinels themselves; that of the servers is part of REDIS_URL.'),
};

/** How long positions are kept: of ingest, which stores nothing older, and of what drops partitions. */
export const retentionSettings = settingGroup(['POSITION_'], {
  POSITION_RETENTION: duration('3650d').describe(
    'Age beyond which records are not stored (RECORD_EXPIRED) and day partitions may be dropped.',
  ),
});

/** How long streams without a registered group are kept: of what trims them, and of what looks for entries in them. */
export const agedStreamSettings = settingGroup(['UPKEEP_'], {
  UPKEEP_STREAM_KEEP: duration('24h').describe(
    'Age at which entries of the streams without a registered group go.',
  ),
});

/** Names that the streams to gateway and mail service must not have: there somebody else would read what is not theirs. */
const TAKEN_STREAM = new RegExp(`^(?:telemetry:|commands:|${OUTBOX_TOPICS.join('$|')}$)`);

const streamName = (fallback: string) =>
  z
    .string()
    .regex(/^[\w.:{}-]{1,200}$/, 'has characters other than letters, digits and ._:-{}')
    .refine((name) => !TAKEN_STREAM.test(name), 'is the name of another stream of ours')
    .default(fallback);

/**
 * What the streams to the push gateway and to the mail service are called: of everybody who writes, reads, trims or
 * watches them. No prefix of its own, since a process that does not publish ignores the other `NOTIFICATION_` keys.
 */
export const deliveryStreamSettings = settingGroup([], {
  NOTIFICATION_GATEWAY_CLIENT_EVENTS_STREAM: streamName(GATEWAY_CLIENT_EVENTS).describe(
    'Stream of the events for the push gateway; the same for notification, relay and ops.',
  ),
  NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM: streamName(MAIL_DELIVERY_COMMANDS).describe(
    'Stream of the commands for the mail service; the same for notification, relay and ops.',
  ),
});

/** Of everybody who reads with a group whose consumers work side by side, without an owner. */
export const claimSettings = settingGroup(['CLAIM_'], {
  CLAIM_THRESHOLD_MS: integer(10_000, { min: 100, max: 86_400_000 }).describe(
    'Milliseconds after which what another consumer of a group without owners has read and not acknowledged is taken over.',
  ),
});

const SHORTEST_TOKEN_SECRET = 32;

/** Of the push gateway, which reads tokens, and of `odo user token`, which issues them. */
export const gatewayTokenSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_GATEWAY_TOKEN_SECRET: z
    .string()
    .min(SHORTEST_TOKEN_SECRET, `has fewer than ${SHORTEST_TOKEN_SECRET} characters`)
    .describe(
      'Key of the JWTs (HS256; claims sub, tenant, exp) by which clients of the push gateway say who they are.',
    ),
});

/** Settings that every app reads. */
export const appSettings = settingGroup(
  ['REDIS_', 'LOG_', 'PROBE_', 'LEASE_', 'SHUTDOWN_', 'STARTUP_', 'INSTANCE_'],
  {
    REDIS_URL: seedUrl(['redis', 'rediss']).describe(
      'Redis with the streams. In the modes sentinel and cluster several hosts by commas: `redis://user:password@host1:6379,host2:6379`.',
    ),
    ...redisTopology,
    REDIS_FSYNC: oneOf(['always', 'everysec'], 'always').describe(
      'What the Redis server promises for its append-only file; everysec puts up to a second of acks at risk.',
    ),
    REDIS_WAIT_REPLICAS: integer(0, { min: 0, max: 8 }).describe(
      'Replicas that must have an entry before it counts as kept.',
    ),
    LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'info').describe(
      'Least severe line that is logged.',
    ),
    PROBE_HOST: z.string().default('0.0.0.0').describe('Address of the probe and metrics listener.'),
    PROBE_PORT: port(0).describe(
      'Port of the probe and metrics listener, 0 for any free one. Unset: processor 9101, relay 9102, notification 9103, ops 9104.',
    ),
    INSTANCE_ID: z
      .string()
      .regex(/^[\w.:-]+$/, 'has characters other than letters, digits and ._:-')
      .optional()
      .describe('Name of this process among its peers; host and probe port when unset.'),
    LEASE_TIME: duration('10s').describe('How long a silent owner keeps its shards or parts.'),
    STARTUP_TIMEOUT: duration('15s').describe('How long Redis and PostgreSQL may take to answer at start.'),
    SHUTDOWN_TIMEOUT: duration('20s').describe('How long a stop may take before it is forced.'),
  },
);
export type AppSettings = SettingsOf<typeof appSettings>;

/** The consumer name of this process: stable over restarts, different for each process of a host. */
export function instanceIdOf(settings: Pick<AppSettings, 'INSTANCE_ID'>, probePort: number): string {
  return settings.INSTANCE_ID ?? `${hostname()}:${probePort}`;
}
