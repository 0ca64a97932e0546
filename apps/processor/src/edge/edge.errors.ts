import { type ErrorCode } from '@app/common/errors';
import { type FatalCode } from '@app/teltonika-codec';

/** Why a session ended that the device did not end well: the label of `edge_refusals_total`, the `code` of its log line. */
export type RefusalCode =
  | FatalCode
  /** No whole login in time. */
  | 'LOGIN_TIMEOUT'
  /** A frame did not arrive whole in time. */
  | 'FRAME_TIMEOUT'
  /** Nothing at all between two frames for longer than a device may be silent. */
  | 'IDLE_TIMEOUT'
  /** The device does not take what is written to it. */
  | 'WRITE_TIMEOUT'
  /** The peer closed in the middle of a login or a frame. */
  | 'INPUT_CUT'
  | 'PING_FLOOD'
  /** A second login on the same connection with another IMEI. */
  | 'IMEI_CHANGED'
  /** Unregistered where EDGE_UNKNOWN_DEVICES says reject. */
  | 'DEVICE_UNKNOWN'
  | 'DEVICE_DISABLED'
  /** A bad login from an address with too many of them in this minute; it gets no answer. */
  | 'LOGIN_RATE'
  /** The registry projection is not whole, or cannot be read. */
  | 'REGISTRY_NOT_READY'
  /** The store did not take a frame for as long as a device is held. */
  | 'STORE_DOWN'
  | 'CONNECTION_LIMIT'
  /** PROXY header or TLS handshake not done in time. */
  | 'HANDSHAKE_TIMEOUT'
  | 'TLS_HANDSHAKE_FAILED'
  /** A trusted proxy that does not say whose connection it is. */
  | 'PROXY_HEADER_INVALID'
  /** A defect of ours; the log line carries the error. */
  | 'INTERNAL';

const BAD_LOGINS: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'NOT_TELTONIKA',
  'LOGIN_INVALID',
  'FRAME_BEFORE_LOGIN',
  'LOGIN_TIMEOUT',
  'INPUT_CUT',
  'PING_FLOOD',
  'DEVICE_UNKNOWN',
  'DEVICE_DISABLED',
  'HANDSHAKE_TIMEOUT',
  'TLS_HANDSHAKE_FAILED',
  'PROXY_HEADER_INVALID',
]);

/** Whether a connection that ended so without a login counts against its address. */
export const isBadLogin = (code: RefusalCode): boolean => BAD_LOGINS.has(code);

/** Why a frame lies in the dead-letter stream instead of a telemetry stream. */
export interface ParkReason {
  readonly code: Extract<ErrorCode, 'UNKNOWN_DEVICE' | 'FRAME_UNDECODABLE' | 'CRC_REPEATED'>;
  /** One sentence for the operator; no IMEI. */
  readonly message: string;
  /** How often the device sent this very frame. */
  readonly attempts: number;
  readonly firstFailedAtMs: number;
}
