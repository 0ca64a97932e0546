import { ByteQueue } from './byte-queue';
import { readU8 } from './bytes';
import {
  CODEC_OFFSET,
  COUNT_OFFSET,
  FRAME_OVERHEAD_BYTES,
  isCrcValid,
  LENGTH_OFFSET,
  MIN_DATA_BYTES,
  trailingCountOffset,
} from './envelope';
import { isCommandCodec, isRecordCodec } from './layout';
import { IMEI_DIGITS, LOGIN_BYTES, parseLogin } from './login';

/** What is wrong with a frame whose CRC is right; such a frame never gets better by sending it again. */
export type EnvelopeState = 'ok' | 'count-mismatch' | 'codec-unknown';

/** Stream errors: the place of the next frame is unknown, so the session must end. */
export type FatalCode =
  'NOT_TELTONIKA' | 'LOGIN_INVALID' | 'FRAME_BEFORE_LOGIN' | 'PREAMBLE_INVALID' | 'LENGTH_INVALID';

/** Every `frame` reaches from preamble to CRC. It may be a view of the chunk that it came in. */
export type ReadResult =
  /** At least `needed` more bytes before the next result. */
  | { readonly kind: 'incomplete'; readonly needed: number }
  /** The first is the login of the session; a later one is reported alike, and the session judges its IMEI. */
  | { readonly kind: 'login'; readonly imei: string }
  | { readonly kind: 'ping' }
  /** AVL frame with a good CRC. `recordCount` is N1, the number to acknowledge. Its records are not looked at. */
  | {
      readonly kind: 'frame';
      readonly frame: Buffer;
      readonly codecId: number;
      readonly recordCount: number;
      readonly envelope: EnvelopeState;
    }
  /** Codec 12 to 15 with a good CRC. Never acknowledged. `quantity` 0 is a form of keep-alive. */
  | { readonly kind: 'command'; readonly frame: Buffer; readonly codecId: number; readonly quantity: number }
  /** CRC wrong, reading goes on behind it. `channel` 'command' must stay unanswered like every command frame. */
  | {
      readonly kind: 'rejected';
      readonly code: 'CRC_MISMATCH';
      readonly frame: Buffer;
      readonly codecId: number;
      readonly channel: 'avl' | 'command';
      readonly recordCount: number;
    }
  /** LOGIN_INVALID is answered with LOGIN_REJECTED, the others with nothing; then the socket is closed. */
  | { readonly kind: 'fatal'; readonly code: FatalCode };

export interface FrameReaderOptions {
  /** Cap of a whole AVL frame. Devices stay below 1,280. Default 8,192. */
  readonly maxAvlBytes?: number;
  /** Cap of a whole codec 12 to 15 frame. Default 65,536. */
  readonly maxCommandBytes?: number;
}

const DEFAULT_MAX_AVL_BYTES = 8_192;
const DEFAULT_MAX_COMMAND_BYTES = 65_536;
const PING_BYTE = 0xff;
const PING: ReadResult = { kind: 'ping' };

/**
 * Cuts the byte stream of one TCP session into logins, pings and frames, whatever the segments it arrives in: the
 * results depend on the bytes alone. Never throws. Caps are enforced from the header, so that with `next` called
 * until 'incomplete' after each `push` it holds at most one cap and one chunk.
 *
 * The caller may reuse a chunk's memory once `next` has returned 'incomplete' and it is done with that chunk's frames.
 * After 'fatal' every further `next` returns the same result and nothing is kept.
 */
export class FrameReader {
  private readonly queue = new ByteQueue();
  private readonly maxAvlBytes: number;
  private readonly maxCommandBytes: number;
  private hasLogin = false;
  private failure: ReadResult | undefined;

  constructor(options: FrameReaderOptions = {}) {
    this.maxAvlBytes = options.maxAvlBytes ?? DEFAULT_MAX_AVL_BYTES;
    this.maxCommandBytes = options.maxCommandBytes ?? DEFAULT_MAX_COMMAND_BYTES;
  }

  /** Bytes read from the socket and not yet returned; 0 means between two frames. */
  get bufferedBytes(): number {
    return this.queue.length;
  }

  push(chunk: Uint8Array): void {
    if (this.failure === undefined) this.queue.append(chunk);
  }

  /**
   * Copies what is unread of the last chunk, whose memory the caller may then use again also before 'incomplete'.
   * Frames that `next` has returned are still views of it.
   */
  own(): void {
    this.queue.release();
  }

  next(): ReadResult {
    if (this.failure !== undefined) return this.failure;
    const available = this.queue.length;
    if (available === 0) return this.incomplete(1);
    const first = this.queue.u8(0);
    if (first === PING_BYTE) {
      this.queue.skip(1);
      return PING;
    }
    if (first !== 0) return this.fail(this.hasLogin ? 'PREAMBLE_INVALID' : 'NOT_TELTONIKA');
    if (available < 2) return this.incomplete(1);
    // Neither can be mistaken for the other: a login's length is never 0, a frame's preamble always is.
    return this.queue.u8(1) === 0 ? this.nextFrame(available) : this.nextLogin(available);
  }

  private nextLogin(available: number): ReadResult {
    const failure = this.hasLogin ? 'PREAMBLE_INVALID' : 'LOGIN_INVALID';
    if (this.queue.u8(1) !== IMEI_DIGITS) return this.fail(failure);
    if (available < LOGIN_BYTES) return this.incomplete(LOGIN_BYTES - available);
    const imei = parseLogin(this.queue.take(LOGIN_BYTES));
    if (imei === undefined) return this.fail(failure);
    this.hasLogin = true;
    return { kind: 'login', imei };
  }

  private nextFrame(available: number): ReadResult {
    if (!this.hasLogin) return this.fail('FRAME_BEFORE_LOGIN');
    for (let at = 2; at < Math.min(available, LENGTH_OFFSET); at++) {
      if (this.queue.u8(at) !== 0) return this.fail('PREAMBLE_INVALID');
    }
    if (available < CODEC_OFFSET) return this.incomplete(CODEC_OFFSET - available);
    const dataBytes = this.queue.u32(LENGTH_OFFSET);
    const frameBytes = dataBytes + FRAME_OVERHEAD_BYTES;
    if (dataBytes < MIN_DATA_BYTES || frameBytes > Math.max(this.maxAvlBytes, this.maxCommandBytes)) {
      return this.fail('LENGTH_INVALID');
    }
    if (available <= CODEC_OFFSET) return this.incomplete(1);
    const codecId = this.queue.u8(CODEC_OFFSET);
    if (frameBytes > (isCommandCodec(codecId) ? this.maxCommandBytes : this.maxAvlBytes)) {
      return this.fail('LENGTH_INVALID');
    }
    if (available < frameBytes) return this.incomplete(frameBytes - available);
    return classify(this.queue.take(frameBytes), codecId);
  }

  private incomplete(needed: number): ReadResult {
    this.queue.release();
    return { kind: 'incomplete', needed };
  }

  private fail(code: FatalCode): ReadResult {
    this.failure = { kind: 'fatal', code };
    this.queue.clear();
    return this.failure;
  }
}

function classify(frame: Buffer, codecId: number): ReadResult {
  const recordCount = readU8(frame, COUNT_OFFSET);
  const isCommand = isCommandCodec(codecId);
  if (!isCrcValid(frame)) {
    const channel = isCommand ? 'command' : 'avl';
    return { kind: 'rejected', code: 'CRC_MISMATCH', frame, codecId, channel, recordCount };
  }
  if (isCommand) return { kind: 'command', frame, codecId, quantity: recordCount };
  return { kind: 'frame', frame, codecId, recordCount, envelope: envelopeState(frame, codecId, recordCount) };
}

function envelopeState(frame: Buffer, codecId: number, recordCount: number): EnvelopeState {
  if (!isRecordCodec(codecId)) return 'codec-unknown';
  return readU8(frame, trailingCountOffset(frame)) === recordCount ? 'ok' : 'count-mismatch';
}
