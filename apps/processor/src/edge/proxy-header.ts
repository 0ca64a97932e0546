import { isIP } from 'node:net';
import { type Peer } from './peer';

/*
 * The PROXY protocol, versions 1 (one line of text) and 2 (binary), as HAProxy specifies it in proxy-protocol.txt:
 * what a load balancer writes in front of a connection to say whose it is.
 */

/** `peer` undefined: the proxy speaks for itself (a health check), or of a family without addresses. */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'header'; readonly bytes: number; readonly peer: Peer | undefined };

const SIGNATURE_2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const SIGNATURE_1 = Buffer.from('PROXY ', 'latin1');
/** With its CR LF. */
const MAX_LINE_BYTES = 107;
const FIXED_BYTES_2 = 16;
/** Addresses and the extensions that balancers add behind them; more is none of them. */
const MAX_REST_BYTES_2 = 2_048;
const FAMILY_IPV4 = 0x1;
const FAMILY_IPV6 = 0x2;

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
const INVALID: ProxyHeader = { kind: 'invalid' };

/** Reads the header at the start of a connection's bytes. Never throws; `incomplete` for at most 2,064 bytes. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, SIGNATURE_2)) return bytes.length < FIXED_BYTES_2 ? INCOMPLETE : readVersion2(bytes);
  if (startsLike(bytes, SIGNATURE_1)) return readVersion1(bytes);
  return INVALID;
}

/** As far as the bytes go. */
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}

function readVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf('\r\n', 0, 'latin1');
  if (end < 0) return bytes.length < MAX_LINE_BYTES ? INCOMPLETE : INVALID;
  const [, family = '', source = '', target = '', sourcePort = '', targetPort = '', ...more] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  const length = end + 2;
  if (family === 'UNKNOWN') return { kind: 'header', bytes: length, peer: undefined };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined;
  const isWhole =
    version !== undefined &&
    isIP(source) === version &&
    isIP(target) === version &&
    isPort(sourcePort) &&
    isPort(targetPort) &&
    more.length === 0;
  if (!isWhole) return INVALID;
  return { kind: 'header', bytes: length, peer: { address: source, port: Number(sourcePort) } };
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 0xffff;

function readVersion2(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes.readUInt8(12);
  const family = bytes.readUInt8(13) >> 4;
  const restBytes = bytes.readUInt16BE(14);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > 1 || restBytes > MAX_REST_BYTES_2) return INVALID;
  const length = FIXED_BYTES_2 + restBytes;
  if (bytes.length < length) return INCOMPLETE;
  const rest = bytes.subarray(FIXED_BYTES_2, length);
  if (command === 0) return { kind: 'header', bytes: length, peer: undefined };
  if (family === FAMILY_IPV4)
    return rest.length < 12 ? INVALID : found(length, ipv4(rest), rest.readUInt16BE(8));
  if (family === FAMILY_IPV6)
    return rest.length < 36 ? INVALID : found(length, ipv6(rest), rest.readUInt16BE(32));
  return { kind: 'header', bytes: length, peer: undefined };
}

const found = (bytes: number, address: string, port: number): ProxyHeader => ({
  kind: 'header',
  bytes,
  peer: { address, port },
});

const ipv4 = (bytes: Buffer): string => bytes.subarray(0, 4).join('.');

function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  // In its short form, as sockets name the same address.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
