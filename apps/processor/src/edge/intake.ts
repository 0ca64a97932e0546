import { FrameReader, type ReadResult } from '@app/teltonika-codec';
import { type ByteShare } from './byte-budget';
import { type DeviceLink } from './device-link';

/**
 * The incoming half of a session: its bytes, cut into results, and when the link may be read. While something is in
 * hand no more than one chunk is read, so a device that does not wait for its acks fills its own socket and not our
 * memory.
 */
export class Intake {
  private readonly reader = new FrameReader();
  private isPaused = false;

  constructor(
    private readonly link: Pick<DeviceLink, 'pause' | 'resume'>,
    private readonly share: ByteShare,
  ) {}

  /** Read and not yet given; 0 means between two frames. */
  get bufferedBytes(): number {
    return this.reader.bufferedBytes;
  }

  push(chunk: Uint8Array): void {
    this.reader.push(chunk);
  }

  /** The memory of what was pushed belongs to its owner again. */
  own(): void {
    this.reader.own();
  }

  next(): ReadResult {
    const result = this.reader.next();
    const { bufferedBytes } = this.reader;
    this.share.hold('frame' in result ? bufferedBytes + result.frame.length : bufferedBytes);
    return result;
  }

  /** One chunk is read ahead. Stopping and starting the socket for every frame would cost more than the frame. */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.link.pause();
  }

  /** Reads on as far as the share allows. */
  readOn(): void {
    const { mayRead } = this.share;
    if (!mayRead) this.pause();
    else if (this.isPaused) {
      this.isPaused = false;
      this.link.resume();
    }
  }
}
