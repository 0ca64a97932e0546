import { settingValue, type Environment } from '@app/common/config';
import { OdographError } from '@app/common/errors';

const MASTER = 'NOTIFICATION_REDIS_MASTER_ADDR';
const PASSWORD = 'NOTIFICATION_REDIS_PASSWORD';
const REPLICAS = 'NOTIFICATION_REDIS_REPLICA_ADDRS';
const ADDRESS = /^(?:\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/;
const DEFAULT_PORT = ':6379';

/** The parts of a Redis URL; textual, since several hosts are no URL to anybody else. */
interface RedisUrl {
  readonly scheme: string;
  readonly user: string;
  /** As it stands there, percent-encoded; empty for none. */
  readonly password: string;
  readonly hosts: string;
  /** The database and what else follows. */
  readonly rest: string;
}

/**
 * Makes REDIS_URL of the address and the password that existing deployments set, or completes it by them.
 *
 * @throws OdographError CONFIG_INVALID for an address of another form, and where REDIS_URL says something else.
 */
export function adoptRedis(environment: Environment, adopted: Map<string, string>): void {
  const address = settingValue(MASTER, environment);
  const password = settingValue(PASSWORD, environment);
  const replicas = settingValue(REPLICAS, environment)?.split(',') ?? [];
  if (!replicas.every((replica) => ADDRESS.test(replica.trim()))) throw noAddress(REPLICAS, 's, by commas');
  if (address !== undefined && !ADDRESS.test(address)) throw noAddress(MASTER, '');
  const own = settingValue('REDIS_URL', environment);
  const base = own === undefined ? undefined : partsOf(own);
  if (own !== undefined && base === undefined) return; // not ours to judge: the field's own check names REDIS_URL
  if (base === undefined && address === undefined) {
    if (password !== undefined) throw wrong(`${PASSWORD} is set, but neither ${MASTER} nor REDIS_URL`);
    return;
  }
  const url = base ?? { scheme: 'redis://', user: '', password: '', hosts: address ?? '', rest: '' };
  if (address !== undefined && withPort(url.hosts) !== address) throw contradiction(MASTER);
  const encoded = password === undefined ? url.password : encodeURIComponent(password);
  if (url.password !== '' && decode(url.password) !== decode(encoded)) throw contradiction(PASSWORD);
  if (base !== undefined && (password === undefined || base.password !== '')) return;
  adopted.set('REDIS_URL', textOf({ ...url, password: encoded }));
}

/**
 * @throws OdographError CONFIG_INVALID for a Redis that anybody who reaches it may change, where NODE_ENV says that this
 * is production.
 */
export function checkRedisPassword(environment: Environment): void {
  if (environment['NODE_ENV'] !== 'production') return;
  const url = settingValue('REDIS_URL', environment);
  const parts = url === undefined ? undefined : partsOf(url);
  if (parts === undefined || parts.password !== '') return; // what is no URL at all is named by the field's own check
  throw wrong(
    `${PASSWORD} is not set, and REDIS_URL has no password: in production (NODE_ENV) Redis must have one`,
  );
}

function partsOf(url: string): RedisUrl | undefined {
  const match = /^(rediss?:\/\/)(?:([^:@/?]*)(?::([^@/?]*))?@)?([^/?@]*)(.*)$/s.exec(url);
  if (match === null) return undefined;
  const [, scheme = '', user = '', password = '', hosts = '', rest = ''] = match;
  return { scheme, user, password, hosts, rest };
}

function textOf({ scheme, user, password, hosts, rest }: RedisUrl): string {
  const login = password === '' ? user : `${user}:${password}`;
  return `${scheme}${login === '' ? '' : `${login}@`}${hosts}${rest}`;
}

const withPort = (hosts: string): string => (/:\d+$/.test(hosts) ? hosts : `${hosts}${DEFAULT_PORT}`);

/** Byte by byte, so that two spellings of one password are the same and a stray % stands for itself. */
const decode = (text: string): string =>
  text.replaceAll(/%([\da-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

const contradiction = (key: string): OdographError =>
  wrong(`${key} and REDIS_URL say different things; set one of them`);
const noAddress = (key: string, plural: string): OdographError =>
  wrong(`${key}: is no address of the form host:port${plural}`);
const wrong = (detail: string): OdographError => new OdographError('CONFIG_INVALID', { detail });
