import { describeError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { compareEntryIds, STREAM_START } from '@app/common/streams';

/** Some 2,000 to 4,000 records: enough that ingest still has a whole transaction before it while its device waits. */
const WINDOW_BYTES = 131_072;
const LOOK_EVERY_MS = 20;
/** Far below what a device waits for; ingest may be away for hours, and a device must be rid of what it has. */
const LONGEST_WAIT_MS = 500;

/** How far a device is in its window. */
export class Upload {
  /** Last entry id of the window before. */
  private before = STREAM_START;
  /** Of this window so far. */
  private bytes = 0;

  /** Answers whether the window is full with this frame. */
  grow(frameBytes: number): boolean {
    this.bytes += frameBytes;
    return this.bytes >= WINDOW_BYTES;
  }

  /** Begins the next window where the one before is stored; answers whether it is. @param lastId of this window */
  moveOn(storedId: string, lastId: string): boolean {
    if (compareEntryIds(this.before, storedId) > 0) return false;
    this.before = lastId;
    this.bytes = 0;
    return true;
  }
}

export interface UploadGateParts {
  /** The last entry id of a stream whose records are stored; undefined where nobody has ever stored any. */
  readonly storedUpTo: (stream: string) => Promise<string | undefined>;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Told once, later. */
export interface UploadWaiter {
  passed(): void;
}

interface Waiting {
  readonly upload: Upload;
  readonly lastId: string;
  readonly sinceMs: number;
  readonly waiter: UploadWaiter;
}

/**
 * Keeps a device that empties its memory from filling a shard's stream faster than it is stored: what another device
 * sends then would stand behind all of it. A device may have two windows of bytes that are not stored; beyond them its
 * ack waits until the first of the two is, but never long. So nobody else waits for more than two windows of it, at
 * whatever speed records are stored.
 */
export class UploadGate {
  private readonly waiting = new Map<string, Waiting[]>();

  constructor(private readonly parts: UploadGateParts) {}

  /** @param lastId of the frame that filled the window. */
  wait(stream: string, upload: Upload, lastId: string, waiter: UploadWaiter): void {
    const one = { upload, lastId, sinceMs: this.now(), waiter };
    const others = this.waiting.get(stream);
    if (others !== undefined) return void others.push(one);
    this.waiting.set(stream, [one]);
    void this.look(stream);
  }

  private async look(stream: string): Promise<void> {
    const stored = await this.storedUpTo(stream);
    const still: Waiting[] = [];
    for (const one of this.waiting.get(stream) ?? []) {
      const isOver = one.upload.moveOn(stored, one.lastId) || this.now() - one.sinceMs >= LONGEST_WAIT_MS;
      if (isOver) one.waiter.passed();
      else still.push(one);
    }
    this.waiting.delete(stream);
    if (still.length === 0) return;
    this.waiting.set(stream, still);
    setTimeout(() => void this.look(stream), LOOK_EVERY_MS);
  }

  /** Where nothing is ever stored, as with an edge alone, there is nothing to wait for. */
  private async storedUpTo(stream: string): Promise<string> {
    try {
      return (await this.parts.storedUpTo(stream)) ?? ENDLESS;
    } catch (error) {
      this.parts.logger.debug({ event: 'edge_stored_unknown', stream, reason: describeError(error) });
      return STREAM_START;
    }
  }

  private now(): number {
    return (this.parts.now ?? (() => performance.now()))();
  }
}

const ENDLESS = `${Number.MAX_SAFE_INTEGER}-0`;
