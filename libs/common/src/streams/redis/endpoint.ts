import { seedsOf, type AppSettings, type RedisMode } from '../../config';
import { OdographError } from '../../errors';

/** Where the server or the servers are. */
export interface RedisAddress {
  /** `redis://user:password@host:port/db`; several hosts by commas for sentinels and for the nodes of a cluster. */
  readonly url: string;
  /** Default `single`. */
  readonly mode?: RedisMode;
  /** What the sentinels call the primary. Default `mymaster`. */
  readonly sentinelMaster?: string;
  /** Of the sentinels themselves; user and password of the URL are for the servers behind them. */
  readonly sentinelPassword?: string | undefined;
}

export type TopologySettings = Pick<
  AppSettings,
  'REDIS_MODE' | 'REDIS_SENTINEL_MASTER' | 'REDIS_SENTINEL_PASSWORD'
>;

export function redisAddressOf(url: string, settings: TopologySettings): RedisAddress {
  return {
    url,
    mode: settings.REDIS_MODE,
    sentinelMaster: settings.REDIS_SENTINEL_MASTER,
    sentinelPassword: settings.REDIS_SENTINEL_PASSWORD,
  };
}

export interface SentinelEndpoint {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  readonly master: string;
  readonly password: string | undefined;
}

export type Endpoint =
  | { readonly kind: 'single'; readonly url: string; readonly sentinel?: SentinelEndpoint }
  | { readonly kind: 'cluster'; readonly seeds: readonly string[] };

const SENTINEL_PORT = 26_379;
const MASTER = 'mymaster';

/** @throws OdographError CONFIG_INVALID for several hosts without a mode that knows what to do with them. */
export function endpointOf({
  url,
  mode = 'single',
  sentinelMaster,
  sentinelPassword,
}: RedisAddress): Endpoint {
  const seeds = seedsOf(url);
  const [first = url] = seeds;
  switch (mode) {
    case 'cluster':
      if (!['', '/', '/0'].includes(new URL(first).pathname))
        throw invalid('a cluster has no databases but 0');
      return { kind: 'cluster', seeds };
    case 'sentinel': {
      const sentinels = seeds.map((seed) => {
        const { hostname, port } = new URL(seed);
        return { host: bare(hostname), port: port === '' ? SENTINEL_PORT : Number(port) };
      });
      const master = sentinelMaster ?? MASTER;
      return { kind: 'single', url: first, sentinel: { sentinels, master, password: sentinelPassword } };
    }
    case 'single':
      if (seeds.length > 1) throw invalid('several hosts need REDIS_MODE=sentinel or REDIS_MODE=cluster');
      return { kind: 'single', url };
  }
}

/** `host:port` as a cluster names its nodes. */
export type NodeAddress = string;

/** The same URL, with its user, password and TLS, at another node. */
export function urlAt(seed: string, address: NodeAddress): string {
  const url = new URL(seed);
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  url.hostname = host.includes(':') ? `[${bare(host)}]` : host;
  url.port = address.slice(colon + 1);
  return url.href;
}

/** An IPv6 address without its brackets. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

const invalid = (detail: string): OdographError =>
  new OdographError('CONFIG_INVALID', { detail: `REDIS_URL: ${detail}` });
