import {
  deliveryStreamSettings,
  parseDuration,
  readSettings,
  settingValue,
  type Environment,
} from '@app/common/config';
import { OdographError } from '@app/common/errors';
import { type AdoptedSettings } from '@app/common/lifecycle';
import { adoptRedis, checkRedisPassword } from './existing-redis-keys';

/** What settings of existing deployments mean in ours; docs/reference/configuration.md shows it. */
export const EXISTING_KEYS: Readonly<Record<string, string>> = {
  NOTIFICATION_REDIS_MASTER_ADDR:
    'Host and port of the Redis primary, `host:port`: those of `REDIS_URL`, without TLS and database 0.',
  NOTIFICATION_REDIS_PASSWORD: 'The password in `REDIS_URL`.',
  NOTIFICATION_REDIS_REPLICA_ADDRS:
    '`host:port` by commas. Checked, and nothing else: everything is read from the primary. How many replicas must have an entry says `REDIS_WAIT_REPLICAS`.',
  NOTIFICATION_POSTGRES_PRIMARY_DSN: '`DATABASE_URL`, of the form `postgres://…`.',
  NOTIFICATION_INTERNAL_HTTP_ADDR: '`PROBE_HOST` and `PROBE_PORT`: `:8092` or `127.0.0.1:8092`.',
  NOTIFICATION_SHUTDOWN_TIMEOUT: '`SHUTDOWN_TIMEOUT`.',
  NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED:
    '`false` is accepted. `true` is refused: no traces are written to stdout, every log line there carries the trace id instead. Other `OTEL_` variables are left alone.',
};

/** Settings that stop the start, with what to set instead. */
export const REPLACED_KEYS: Readonly<Record<string, string>> = {
  NOTIFICATION_REDIS_ADDR: 'NOTIFICATION_REDIS_MASTER_ADDR or REDIS_URL',
  NOTIFICATION_REDIS_USERNAME: 'the user in REDIS_URL, as in redis://user:password@host:port',
  NOTIFICATION_REDIS_TLS_ENABLED: 'REDIS_URL with the scheme rediss://',
};

/**
 * The environment with the settings of existing deployments in our words; those that say nothing to us are named.
 *
 * @throws OdographError CONFIG_REPLACED_KEY for keys that are not supported any more; CONFIG_INVALID for a value of a
 * wrong form, for two keys that contradict each other, and for a Redis without a password in production. Values are
 * never part of the text.
 */
export function adoptExistingKeys(environment: Environment): AdoptedSettings {
  refuseReplacedKeys(environment);
  const adopted = new Map<string, string>();
  adoptRedis(environment, adopted);
  for (const [key, adopt] of Object.entries(ADOPTIONS)) {
    const value = settingValue(key, environment);
    if (value !== undefined) adopt(value, (ours, theirs) => put(environment, adopted, { key, ours, theirs }));
  }
  const result: Record<string, string | undefined> = { ...environment };
  for (const key of Object.keys(EXISTING_KEYS)) {
    delete result[key];
    delete result[`${key}_FILE`];
  }
  for (const [key, value] of adopted) {
    delete result[`${key}_FILE`];
    result[key] = value;
  }
  checkRedisPassword(result);
  checkStreamNames(result);
  return { environment: result, withoutEffect: WITHOUT_EFFECT.filter((key) => key in environment) };
}

const WITHOUT_EFFECT = ['NOTIFICATION_REDIS_REPLICA_ADDRS', 'NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED'];

type Put = (ours: string, theirs: string) => void;

const ADOPTIONS: Readonly<Record<string, (value: string, put: Put) => void>> = {
  NOTIFICATION_POSTGRES_PRIMARY_DSN: (value, put) => {
    if (!/^postgres(?:ql)?:\/\//.test(value) || !URL.canParse(value)) {
      throw wrong('NOTIFICATION_POSTGRES_PRIMARY_DSN: is no URL of the form postgres://…');
    }
    put('DATABASE_URL', value);
  },
  NOTIFICATION_INTERNAL_HTTP_ADDR: (value, put) => {
    const [, host, port] = /^(?:\[?([^\]]*?)\]?)?:(\d{1,5})$/.exec(value) ?? [];
    if (port === undefined) {
      throw wrong('NOTIFICATION_INTERNAL_HTTP_ADDR: is no address of the form :8092 or host:8092');
    }
    if (host !== undefined && host !== '') put('PROBE_HOST', host);
    put('PROBE_PORT', port);
  },
  NOTIFICATION_SHUTDOWN_TIMEOUT: (value, put) => {
    if (parseDuration(value) === undefined) {
      throw wrong('NOTIFICATION_SHUTDOWN_TIMEOUT: is no duration such as 500ms, 30s or 1m30s');
    }
    put('SHUTDOWN_TIMEOUT', value);
  },
  NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED: (value) => {
    if (value === 'false') return;
    throw wrong(
      'NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED: can only be false; no traces are written to stdout, the log lines there carry the trace ids',
    );
  },
};

function put(
  environment: Environment,
  adopted: Map<string, string>,
  { key, ours, theirs }: { readonly key: string; readonly ours: string; readonly theirs: string },
): void {
  const own = settingValue(ours, environment);
  if (own === undefined) adopted.set(ours, theirs);
  else if (!isSame(own, theirs)) throw wrong(`${key} and ${ours} say different things; set one of them`);
}

/** Two ways to write one duration or one address are no contradiction. */
function isSame(own: string, theirs: string): boolean {
  if (own === theirs) return true;
  const ownMs = parseDuration(own);
  if (ownMs !== undefined) return ownMs === parseDuration(theirs);
  return URL.canParse(own) && URL.canParse(theirs) && new URL(own).href === new URL(theirs).href;
}

function refuseReplacedKeys(environment: Environment): void {
  const replaced = Object.entries(REPLACED_KEYS).filter(([key]) => key in environment);
  if (replaced.length === 0) return;
  const detail = replaced.map(([key, instead]) => `${key}: use ${instead}`).join('; ');
  throw new OdographError('CONFIG_REPLACED_KEY', { detail });
}

/** One stream for both would give the gateway mails, and the mail service events. */
function checkStreamNames(environment: Environment): void {
  const names = Object.entries(readSettings(deliveryStreamSettings, environment));
  if (new Set(names.map(([, name]) => name)).size === names.length) return;
  throw wrong(`${names.map(([key]) => key).join(' and ')} name the same stream`);
}

const wrong = (detail: string): OdographError => new OdographError('CONFIG_INVALID', { detail });
