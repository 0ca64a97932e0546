import { type MetricName } from '@app/common/observability';
import { type RefusalCode, type ParkReason } from './edge.errors';

/** A metric that moves by one, and by which labels it is found. */
export interface Counter {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
}

export interface BadInput {
  readonly input: string;
  /** What the device is told and what becomes of the connection. */
  readonly reaction: string;
  /** The code of the log line, or of the dead letter; none where the input is taken as it is. */
  readonly code: RefusalCode | ParkReason['code'] | undefined;
  readonly counter: Counter;
}

const refusal = (code: RefusalCode, input: string, reaction: string): BadInput => ({
  input,
  reaction,
  code,
  counter: { name: 'edge_refusals_total', labels: { code } },
});

const parked = (code: ParkReason['code'], input: string, reaction: string): BadInput => ({
  input,
  reaction,
  code,
  counter: { name: 'edge_frames_total', labels: { result: 'parked' } },
});

const frame = (result: string, input: string, reaction: string): BadInput => ({
  input,
  reaction,
  code: undefined,
  counter: { name: 'edge_frames_total', labels: { result } },
});

const datagram = (reason: string, input: string, reaction: string): BadInput => ({
  input,
  reaction,
  code: undefined,
  counter: { name: 'edge_datagrams_dropped_total', labels: { reason } },
});

const message = (reason: string, input: string, reaction: string): BadInput => ({
  input,
  reaction,
  code: undefined,
  counter: { name: 'command_rejected_messages_total', labels: { reason } },
});

const CLOSED = 'closed without an answer';
const KEPT = 'acknowledged with the count of its records; the connection is kept';
const TO_INGEST = `${KEPT}; ingest keeps the frame in the dead-letter stream`;

/**
 * The bad-input matrix: what comes in, what becomes of it, and where it is counted. The tests over real sockets take
 * the expected code and counter from here, every row must have one, and docs/reference/edge.md is made from it.
 * Nothing that resending cannot mend is refused: the device would send it for ever and overwrite its oldest records.
 */
export const BAD_INPUT = {
  1: refusal(
    'NOT_TELTONIKA',
    'first bytes that are neither a ping nor a login: HTTP, TLS, SSH, scans',
    CLOSED,
  ),
  2: refusal(
    'LOGIN_INVALID',
    'a login of another length than 15, or with other characters than digits',
    'answered 00, then ended',
  ),
  3: refusal(
    'DEVICE_UNKNOWN',
    'an IMEI that is not registered',
    'reject: answered 00, then ended; quarantine: accepted, its frames go to the dead-letter stream (UNKNOWN_DEVICE) and are acknowledged; enroll: accepted',
  ),
  4: refusal('FRAME_BEFORE_LOGIN', 'a frame before the login', CLOSED),
  5: refusal('LOGIN_TIMEOUT', 'no login, or half of one, in time', CLOSED),
  6: refusal(
    'PREAMBLE_INVALID',
    'neither ping nor preamble where a frame starts',
    `${CLOSED}: nothing marks where the next frame would start`,
  ),
  7: refusal(
    'LENGTH_INVALID',
    'a length below 3, above the cap or with the top bit set',
    `${CLOSED}, before the frame is buffered`,
  ),
  8: refusal(
    'FRAME_TIMEOUT',
    'a length that says more than ever comes',
    `${CLOSED} at the deadline of the frame`,
  ),
  9: refusal(
    'INPUT_CUT',
    'a connection that ends in the middle of a frame',
    'what came of it is dropped; the device sends it again',
  ),
  10: parked(
    'CRC_REPEATED',
    'a wrong CRC',
    'answered 00000000, which asks for the frame again; the third identical one in a row goes to the dead-letter stream and is acknowledged',
  ),
  11: frame('crc_mismatch', 'a CRC whose upper 16 bits are not zero', 'as a wrong CRC'),
  12: parked(
    'FRAME_UNDECODABLE',
    'a good CRC over a codec that is none of 7, 8, 8E, 16 and 12 to 15',
    'kept in the dead-letter stream, then acknowledged by its count',
  ),
  13: parked(
    'FRAME_UNDECODABLE',
    'a good CRC over counts that differ, or over records that end before or behind their place',
    'counts that differ: kept in the dead-letter stream, then acknowledged; records: acknowledged, and ingest keeps the frame in the dead-letter stream',
  ),
  14: frame(
    'acked',
    'an IO total that is not the sum of its groups',
    `${KEPT}; the groups count, the record is flagged`,
  ),
  15: frame(
    'acked',
    'no record',
    'answered 00000000, which is its count; bytes where no record is said to be go to the dead-letter stream',
  ),
  16: frame(
    'acked',
    'a priority above 2, or a generation type above 7',
    `${KEPT}; the values are stored as they are`,
  ),
  17: frame(
    'acked',
    'a time of 0, far ahead, or beyond every calendar',
    `${KEPT}; the record is flagged and is no latest position`,
  ),
  18: frame(
    'acked',
    'coordinates out of range or 0/0, or no satellites',
    `${KEPT}; the fix is marked as not valid`,
  ),
  19: frame('acked', 'the same IO id twice in a record', `${KEPT}; both values are stored`),
  20: frame('acked', 'a variable-length value that says more than the frame has', TO_INGEST),
  21: frame('acked', 'an 8-byte value above 2^53', `${KEPT}; stored to the last bit`),
  22: refusal(
    'PING_FLOOD',
    'more keep-alive bytes than a device sends',
    `ignored up to the cap, then ${CLOSED}`,
  ),
  23: refusal(
    'IMEI_CHANGED',
    'a second login with another IMEI',
    `${CLOSED}; the same IMEI again is answered 01`,
  ),
  24: frame(
    'acked',
    'frames in one segment, or the next before the ack',
    'one ack for each, in order; reading stops while one is in hand',
  ),
  25: frame('command', 'a codec 12 to 15 frame', 'never acknowledged; it goes to the commands'),
  26: frame(
    'command',
    'an answer that nobody asked for, or of an unknown type',
    'never acknowledged; published on commands:responses as unsolicited',
  ),
  27: message(
    'foreign_imei',
    'a codec 14 answer that names another IMEI',
    'dropped, never acknowledged; the connection is kept',
  ),
  28: refusal(
    'STORE_DOWN',
    'a frame while the store is down',
    `no answer and no further reading; acknowledged when the store is back in time, else ${CLOSED}`,
  ),
  29: frame(
    'acked',
    'a record that only the database refuses',
    `${KEPT}; the sink keeps the record in the dead-letter stream`,
  ),
  30: frame(
    'acked',
    'a frame that was acknowledged before',
    'acknowledged again; its records are stored once',
  ),
  31: datagram(
    'malformed',
    'UDP: a wrong length or IMEI, counts that differ, records that do not end exactly',
    'dropped without a word, from this channel packet to the end of its datagram; whole ones before it are kept and acknowledged',
  ),
  32: datagram('unknown', 'UDP: an IMEI that is not registered', 'dropped without a word under every policy'),
  33: refusal(
    'FRAME_TIMEOUT',
    'a byte now and then',
    `${CLOSED}: deadlines run from the first byte, not from the last`,
  ),
  34: refusal(
    'CONNECTION_LIMIT',
    'a flood of connections',
    'of one IMEI the newest is kept; above the limit of all, closed at once; bad logins of one address above its cap are closed without an answer (LOGIN_RATE), and its new connections wait their turn before they are looked at',
  ),
} as const satisfies Readonly<Record<number, BadInput>>;

export type RowNumber = keyof typeof BAD_INPUT;
