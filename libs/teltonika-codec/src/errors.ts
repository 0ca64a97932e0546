/**
 * Why bytes were refused. The first five come from the byte stream and end the session; the rest concern one
 * delimited frame (or one value handed to an encoder) and say nothing about the bytes behind it.
 */
export type CodecErrorCode =
  /** The first byte can start neither a ping, a login nor a frame (HTTP, TLS, scans). */
  | 'NOT_TELTONIKA'
  /** Shaped like a login, but not `000F` and 15 ASCII digits. */
  | 'LOGIN_INVALID'
  /** A frame on a session that has not logged in. */
  | 'FRAME_BEFORE_LOGIN'
  /** The four bytes before the length are not zero. */
  | 'PREAMBLE_INVALID'
  /** The length field is below 3, above the cap, or does not match the bytes given. */
  | 'LENGTH_INVALID'
  /** The 32-bit CRC field is not the zero-extended CRC-16 of the data field. */
  | 'CRC_MISMATCH'
  /** The codec id has no descriptor in this library. */
  | 'CODEC_UNKNOWN'
  /** The record count before the records differs from the one behind them. */
  | 'COUNT_MISMATCH'
  /** A record, group or element runs past the end of the data field. */
  | 'RECORD_OVERRUN'
  /** The records end before the data field does. */
  | 'TRAILING_BYTES'
  /** A value has no representation in the wire format asked for. */
  | 'NOT_ENCODABLE';

/** The only error type that this library throws. `offset` is the byte position in the given bytes, where there is one. */
export class CodecError extends Error {
  override readonly name = 'CodecError';

  constructor(
    readonly code: CodecErrorCode,
    message: string,
    readonly offset?: number,
  ) {
    super(message);
  }
}
