import { type RecordDigest, type TelemetryEntry } from '@app/common/contracts';
import { maskImei, type Logger } from '@app/common/observability';
import { type ReadResult } from '@app/teltonika-codec';
import { CrcRepeats } from './crc-repeats';
import { type ParkReason } from './edge.errors';
import { type FrameResult } from './edge.metrics';
import { keepFrame, type FrameLane, type FrameSink } from './frame-sink';
import { holdFor, type HoldOutcome } from './store-hold';

/** One kind of what the reader gives. */
export type Kind<Name extends ReadResult['kind']> = Extract<ReadResult, { readonly kind: Name }>;
export type FrameLike = Kind<'frame'> | Kind<'rejected'> | Kind<'command'>;

/** What a frame's bytes do not say about it. */
export interface FrameOrigin extends Omit<TelemetryEntry, 'frame'> {
  /** The connection's way into the stream. */
  readonly lane: FrameLane;
  readonly isQuarantined: boolean;
  /** Aborted when the device no longer waits for its ack. */
  readonly signal: AbortSignal;
}

/** `ackCount` undefined: no answer, and after `refused` the end of the session. */
export interface FrameAnswer {
  readonly result: Exclude<FrameResult, 'unanswered'>;
  readonly ackCount?: number;
}

export interface FrameDeskOptions {
  readonly sink: Pick<FrameSink, 'park'>;
  readonly digest: RecordDigest;
  readonly logger: Logger;
}

const REFUSED: FrameAnswer = { result: 'refused' };
/** Identical frames with a bad CRC until we believe that the next one will not be better either. */
const CRC_ATTEMPTS = 3;
/** Codec id, N1, N2: the data field of a frame without records. */
const EMPTY_FRAME_BYTES = 15;

/**
 * What becomes of a delimited frame. An answer with a count is given only after the frame is durable: the device then
 * forgets it. A count of 0 for a frame that has records asks for the same bytes again.
 */
export class FrameDesk {
  private readonly repeats = new CrcRepeats();

  constructor(private readonly options: FrameDeskOptions) {}

  /** True for a frame whose records only have to be kept: nearly all. The same as `take` would say of it. */
  isPlain({ envelope, recordCount }: Kind<'frame'>, imei: string): boolean {
    this.repeats.clear(imei);
    return envelope === 'ok' && recordCount > 0;
  }

  take(frame: FrameLike, origin: FrameOrigin): Promise<FrameAnswer> {
    switch (frame.kind) {
      case 'frame':
        this.repeats.clear(origin.imei);
        return this.takeIntact(frame, origin);
      case 'rejected':
        return this.takeCorrupt(frame, origin);
      case 'command':
        return Promise.resolve(this.takeCommand(frame.codecId, frame.quantity, origin));
    }
  }

  private takeIntact(frame: Kind<'frame'>, origin: FrameOrigin): Promise<FrameAnswer> {
    const { recordCount, envelope } = frame;
    if (envelope !== 'ok') {
      const codec = `0x${frame.codecId.toString(16).padStart(2, '0')}`;
      const message =
        envelope === 'codec-unknown'
          ? `codec ${codec} is not known`
          : `the counts before and behind the records differ (codec ${codec})`;
      return this.park(frame, origin, once('FRAME_UNDECODABLE', message, origin));
    }
    if (recordCount === 0) return this.takeEmpty(frame, origin);
    if (origin.isQuarantined) {
      return this.park(frame, origin, once('UNKNOWN_DEVICE', 'the device is not registered', origin));
    }
    return this.keep(frame, origin);
  }

  private async keep({ frame, recordCount }: Kind<'frame'>, origin: FrameOrigin): Promise<FrameAnswer> {
    const outcome = await this.hold(() => keepFrame(origin.lane, frame, origin.receivedAtMs), origin);
    return outcome === 'kept' ? { result: 'acked', ackCount: recordCount } : REFUSED;
  }

  /** 0 is the right count of nothing, so there is nothing to keep, unless bytes stand where no record is said to be. */
  private async takeEmpty(frame: Kind<'frame'>, origin: FrameOrigin): Promise<FrameAnswer> {
    if (frame.frame.length === EMPTY_FRAME_BYTES) return { result: 'acked', ackCount: 0 };
    const message = `${frame.frame.length - EMPTY_FRAME_BYTES} bytes in a frame that counts no record`;
    return this.park(frame, origin, once('FRAME_UNDECODABLE', message, origin));
  }

  private async takeCorrupt(frame: Kind<'rejected'>, origin: FrameOrigin): Promise<FrameAnswer> {
    if (frame.channel === 'command') return { result: 'crc_mismatch' };
    const { count, firstAtMs } = this.repeats.note(
      origin.imei,
      this.options.digest(frame.frame),
      origin.receivedAtMs,
    );
    if (count < CRC_ATTEMPTS) return { result: 'crc_mismatch', ackCount: 0 };
    const answer = await this.park(frame, origin, {
      code: 'CRC_REPEATED',
      message: `the CRC of the same frame was wrong ${count} times in a row`,
      attempts: count,
      firstFailedAtMs: firstAtMs,
    });
    if (answer.result === 'parked') this.repeats.clear(origin.imei);
    return answer;
  }

  /** Four bytes of ack behind a codec 12 to 15 frame would break the device's command session. */
  private takeCommand(codecId: number, quantity: number, { imei }: FrameOrigin): FrameAnswer {
    if (quantity > 0) {
      this.options.logger.info({ event: 'edge_command_frame', imei: maskImei(imei), codecId, quantity });
    }
    return { result: 'command' };
  }

  private async park(
    frame: Kind<'frame'> | Kind<'rejected'>,
    origin: FrameOrigin,
    reason: ParkReason,
  ): Promise<FrameAnswer> {
    const entry = entryOf(frame.frame, origin);
    const outcome = await this.hold(() => this.options.sink.park(entry, reason), origin);
    if (outcome !== 'kept') return REFUSED;
    // A quarantine parks all that a device sends, which is no news after its login.
    const level = reason.code === 'UNKNOWN_DEVICE' ? 'debug' : 'warn';
    this.options.logger[level]({
      event: 'edge_frame_parked',
      imei: maskImei(origin.imei),
      code: reason.code,
      reason: reason.message,
    });
    return { result: 'parked', ackCount: frame.recordCount };
  }

  private hold(write: () => Promise<void>, { signal }: FrameOrigin): Promise<HoldOutcome> {
    return holdFor(write, signal, this.options.logger);
  }
}

function entryOf(frame: Buffer, { imei, transport, receivedAtMs, peer }: FrameOrigin): TelemetryEntry {
  return { imei, transport, receivedAtMs, peer, frame };
}

function once(code: ParkReason['code'], message: string, { receivedAtMs }: FrameOrigin): ParkReason {
  return { code, message, attempts: 1, firstFailedAtMs: receivedAtMs };
}
