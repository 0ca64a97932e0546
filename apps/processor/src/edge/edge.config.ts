import { z } from 'zod';
import { duration, integer, port, settingGroup, type SettingsOf } from '@app/common/config';
import { isNetwork } from './trusted-proxies';

const optionalPort = () =>
  z.coerce.number('is no number').int().min(0, 'is below 0').max(65_535, 'is above 65535').optional();
const networks = () =>
  z
    .string()
    .optional()
    .transform((text = '') => text.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()])))
    .refine((entries) => entries.every(isNetwork), 'is no list of addresses and networks such as 10.0.0.0/8');

/** The device listener. `EDGE_UNKNOWN_DEVICES` and `TELEMETRY_SHARDS` are shared with ingest: see telemetry.config.ts. */
export const edgeSettings = settingGroup(['EDGE_'], {
  EDGE_HOST: z.string().default('0.0.0.0').describe('Address of the device listener.'),
  EDGE_TCP_PORT: port(5027).describe('TCP port of the device listener; 0 lets the system choose.'),
  EDGE_TLS_PORT: optionalPort().describe(
    'TCP port of the TLS listener, TLS 1.2 and up; off where it is not set.',
  ),
  EDGE_TLS_CERT_FILE: z
    .string()
    .optional()
    .describe('Certificate and chain of the TLS listener, PEM. Followed: new handshakes get a changed pair.'),
  EDGE_TLS_KEY_FILE: z.string().optional().describe('Private key of the TLS listener, PEM.'),
  EDGE_TLS_CIPHERS: z
    .string()
    .optional()
    .describe(
      "Cipher suites of the TLS listener as OpenSSL lists them, for modems that know few; else Node's.",
    ),
  EDGE_UDP_PORT: optionalPort().describe(
    'UDP port of the datagram listener, for registered devices only: an IMEI in a datagram proves nothing; off where it is not set.',
  ),
  EDGE_HANDSHAKE_TIMEOUT: duration('10s').describe(
    'From the connection to the end of its TLS handshake and of its PROXY header.',
  ),
  EDGE_PROXY_TRUSTED: networks().describe(
    'Addresses and networks, by commas, of balancers that send a PROXY header (v1 or v2); it is demanded of these and read from nobody else.',
  ),
  EDGE_MAX_CONNECTIONS: integer(20_000, { min: 1, max: 1_000_000 }).describe(
    'Open device connections of this process; one more is closed at once.',
  ),
  EDGE_LOGIN_TIMEOUT: duration('10s').describe('From the connection to the whole login.'),
  EDGE_FRAME_TIMEOUT: duration('30s').describe(
    'From the first byte of a frame to its last, however the bytes are spread.',
  ),
  EDGE_IDLE_TIMEOUT: duration('30m').describe(
    'How long a device may be silent between frames; a closed link cannot be commanded until the next record.',
  ),
  EDGE_SESSION_AGE: duration('24h').describe(
    'Age at which a session is ended between two frames, up to a quarter later by chance; its device comes again.',
  ),
  EDGE_STOP_RATE: integer(2_000, { min: 1, max: 1_000_000 }).describe(
    'Sessions ended a second on a stop, so that a fleet does not reconnect at once; faster where the stop has too little time.',
  ),
  EDGE_BAD_LOGINS_PER_MINUTE: integer(600, { min: 1, max: 1_000_000 }).describe(
    'Failed and unknown logins of one address (one /64 of IPv6) a minute; more get no answer and cost no store. Good logins are never limited.',
  ),
  EDGE_BAD_ADDRESS_CONNECTIONS_PER_SECOND: integer(100, { min: 1, max: 1_000_000 }).describe(
    'New connections a second that are looked at of an address whose bad logins of this minute are used up; the others wait their turn, and are closed where it would come too late.',
  ),
  EDGE_REFUSALS_LOGGED_PER_SECOND: integer(20, { min: 0, max: 1_000_000 }).describe(
    'Refused connections a second with a log line of their own; of more only their number by code is logged.',
  ),
  EDGE_BUFFER_BYTES: integer(67_108_864, { min: 65_536, max: 17_179_869_184 }).describe(
    'Bytes of unfinished and unstored frames in this process; above it sessions that hold more than an equal share read no further.',
  ),
  EDGE_STORE_DOWN_HOLD: duration('30s').describe(
    'How long a device waits for its ack while Redis does not take its frame; then it is disconnected.',
  ),
  EDGE_REGISTRY_RECHECK: duration('5s').describe(
    'How long an open session goes on by what the registry last said of its device.',
  ),
  EDGE_PINGS_PER_MINUTE: integer(600, { min: 1, max: 1_000_000 }).describe(
    'Keep-alive bytes of one connection a minute; more closes it.',
  ),
});
export type EdgeSettings = SettingsOf<typeof edgeSettings>;
