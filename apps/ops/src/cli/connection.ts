import {
  readSettings,
  redisTopology,
  seedUrl,
  settingGroup,
  url,
  type Environment,
} from '@app/common/config';
import { OdographError } from '@app/common/errors';
import { redisAddressOf, type RedisAddress } from '@app/common/streams';
import { findRunningStack } from './running-stack';

/**
 * What a command does to the database: edits data under the operator's role, changes the schema as its owner, or reads
 * under a role that can do nothing else.
 */
export type Authority = 'operator' | 'owner' | 'reader';

const ROLES = { operator: 'odograph_ops', reader: 'odograph_readonly' } as const;

const databaseUrl = url(['postgres', 'postgresql']);
const connectionSettings = settingGroup([], {
  DATABASE_URL: databaseUrl.optional().describe('PostgreSQL that the command works on.'),
});

export interface ConnectionSource {
  /** The value of `--database-url` or `--redis-url`. */
  readonly flag: string | undefined;
  readonly environment: Environment;
  /** Where the command runs. */
  readonly directory: string;
}

/**
 * The database of a command: what the flag says, else DATABASE_URL (or DATABASE_URL_FILE), else the running stack. A
 * URL that was given is used as it is; on the running stack a command that only edits goes in as the operator's role.
 *
 * @throws OdographError INPUT_INVALID or CONFIG_INVALID where it is no URL of PostgreSQL, or there is none.
 */
export async function resolveDatabaseUrl(source: ConnectionSource, authority: Authority): Promise<string> {
  if (source.flag !== undefined) {
    const flag = databaseUrl.safeParse(source.flag);
    if (flag.success) return flag.data;
    throw new OdographError('INPUT_INVALID', {
      detail: `--database-url ${flag.error.issues[0]?.message ?? 'is no URL'}`,
    });
  }
  const given = readSettings(connectionSettings, source.environment).DATABASE_URL;
  if (given !== undefined) return given;
  const stack = await findRunningStack(source.directory);
  if (stack === undefined) {
    throw new OdographError('CONFIG_INVALID', {
      detail: 'DATABASE_URL is not set, --database-url is not given and no stack runs in this folder',
    });
  }
  return authority === 'owner' ? stack.databaseUrl : asRole(stack.databaseUrl, ROLES[authority]);
}

const redisUrl = seedUrl(['redis', 'rediss']);
const redisSettings = settingGroup([], {
  REDIS_URL: redisUrl.optional().describe('Redis that the command works on.'),
});
const topologySettings = settingGroup([], redisTopology);

/**
 * The Redis of a command: what `--redis-url` says, else REDIS_URL (or REDIS_URL_FILE), else the running stack; in the
 * mode that REDIS_MODE names.
 *
 * @throws OdographError INPUT_INVALID or CONFIG_INVALID where it is no URL of Redis, or there is none.
 */
export async function resolveRedis(source: ConnectionSource): Promise<RedisAddress> {
  return redisAddressOf(await redisUrlOf(source), readSettings(topologySettings, source.environment));
}

async function redisUrlOf({ flag, environment, directory }: ConnectionSource): Promise<string> {
  if (flag !== undefined) {
    const parsed = redisUrl.safeParse(flag);
    if (parsed.success) return parsed.data;
    const detail = `--redis-url ${parsed.error.issues[0]?.message ?? 'is no URL'}`;
    throw new OdographError('INPUT_INVALID', { detail });
  }
  const given = readSettings(redisSettings, environment).REDIS_URL;
  if (given !== undefined) return given;
  const stack = await findRunningStack(directory);
  if (stack !== undefined) return stack.redisUrl;
  throw new OdographError('CONFIG_INVALID', {
    detail: 'REDIS_URL is not set, --redis-url is not given and no stack runs in this folder',
  });
}

function asRole(ownerUrl: string, role: string): string {
  const operatorUrl = new URL(ownerUrl);
  operatorUrl.username = role;
  operatorUrl.password = '';
  return operatorUrl.href;
}
