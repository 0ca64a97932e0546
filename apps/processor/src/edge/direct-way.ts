import { fault } from '@app/common/observability';
import { encodeAck } from '@app/teltonika-codec';
import { type EdgeMetrics } from './edge.metrics';
import { type Kind } from './frame-desk';
import { type FrameLane, type FrameWaiter } from './frame-sink';
import { type Line } from './line';

/** Every count that a frame can have, so that an ack makes nothing new. */
const ACKS: readonly Buffer[] = Array.from({ length: 256 }, (_, count) => encodeAck(count));

/** @param count 0 to 255, in four bytes. */
export const ackOf = (count: number): Buffer => ACKS[count] ?? encodeAck(count);

/**
 * The way of nearly every frame: an intact one of a device that was judged lately, into the stream and back as an ack.
 * It makes no promise and keeps no object for a frame, since at 50,000 frames a second those cost more than the frame
 * itself. What does not go well leaves it for the desk's way.
 */
export class DirectWay implements FrameWaiter {
  private codecId = 0;
  private recordCount = 0;
  private receivedAtMs = 0;
  private receivedAtTick = 0;

  constructor(
    private readonly line: Line,
    private readonly lane: FrameLane,
    private readonly parts: { readonly metrics: EdgeMetrics },
    private readonly turnedBack: (
      frame: Kind<'frame'>,
      receivedAtMs: number,
      receivedAtTick: number,
    ) => Promise<void>,
  ) {}

  /** Only when nothing else of the line is in hand; the line is told when it is over. */
  take({ frame, codecId, recordCount }: Kind<'frame'>): void {
    const { ms, tick } = this.line.heardAt;
    this.codecId = codecId;
    this.recordCount = recordCount;
    this.receivedAtMs = ms;
    this.receivedAtTick = tick;
    this.line.hold();
    this.lane.append(frame, ms, this);
  }

  kept(): void {
    const { line } = this;
    const answered = line.reply(ackOf(this.recordCount));
    if (typeof answered === 'boolean') {
      this.answered(answered);
      line.done();
    } else {
      line.carryOut(this.answeredLater(answered));
    }
  }

  notKept(_error: unknown, frame: Buffer): void {
    const { line, codecId, recordCount } = this;
    if (line.signal.aborted) {
      this.parts.metrics.frame('refused');
      line.refuse('STORE_DOWN');
      line.done();
      return;
    }
    const again = { kind: 'frame', frame, codecId, recordCount, envelope: 'ok' } as const;
    line.carryOut(this.turnedBack(again, this.receivedAtMs, this.receivedAtTick));
  }

  private async answeredLater(answered: Promise<boolean>): Promise<void> {
    this.answered(await answered);
  }

  private answered(isAnswered: boolean): void {
    const { metrics } = this.parts;
    fault('edge.after-ack');
    if (!isAnswered) return metrics.frame('unanswered');
    metrics.frame('acked');
    metrics.acked(this.recordCount, performance.now() - this.receivedAtTick);
  }
}
