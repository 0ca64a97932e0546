import { ECDH } from 'node:crypto';
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { z } from 'zod';

/** Addresses that nobody outside has (IANA special-purpose address registries). */
const NOT_PUBLIC = new BlockList();
const NETWORKS: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23'],
  ...['2001:db8::/32', '2002::/16', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
];
for (const network of NETWORKS) {
  const [address = '', bits = ''] = network.split('/');
  NOT_PUBLIC.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !NOT_PUBLIC.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether we may connect to what a stranger named: https, no password, and no address of our own networks. A name is
 * looked at again when it is resolved ({@link publicLookup}), since it may lead elsewhere by then.
 */
export function isAllowedEndpoint(text: string, allowPrivate: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (allowPrivate) return protocol === 'https:' || protocol === 'http:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return protocol === 'https:' && (isIP(host) === 0 || isPublicAddress(host));
}

/** Resolves names as usual, and knows none of the addresses that are not public. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const [first, ...others] = addresses.filter(({ address }) => isPublicAddress(address));
    if (first === undefined) return callback(new Error('the name leads to no public address'), []);
    if (options.all === true) callback(null, [first, ...others]);
    else callback(null, first.address, first.family);
  });
};

const AUTH_BYTES = 16;

/** True for a point of P-256, as browsers give it: uncompressed, base64url. */
function isCurvePoint(text: string): boolean {
  try {
    ECDH.convertKey(text, 'prime256v1', 'base64url', 'hex', 'compressed');
    return Buffer.from(text, 'base64url').length === 65;
  } catch {
    // Node throws for whatever is no point of the curve.
    return false;
  }
}

/** The body of a registration: a browser's PushSubscription as JSON, and which session it is of. */
export function subscriptionSchema(allowPrivate: boolean) {
  return z.object({
    endpoint: z
      .string()
      .max(2000)
      .refine((text) => isAllowedEndpoint(text, allowPrivate), 'is no public https URL'),
    keys: z.object({
      p256dh: z.string().refine(isCurvePoint, 'is no public key'),
      auth: z.string().refine((text) => Buffer.from(text, 'base64url').length === AUTH_BYTES, 'is no secret'),
    }),
    device_session_id: z.string().min(1).max(256).optional(),
  });
}
