import { OdographError } from '@app/common/errors';
import { type OwnedStreams } from '@app/common/streams';
import { type SinkEntry } from '../sink';
import { type ReadEntry, type Rejection, rejection } from './dead-letters';
import { type FrameDecoder } from './frame-decoder';
import { type Piece, pieceOf } from './piece';

export interface DecodingParts {
  readonly streams: Pick<OwnedStreams, 'findParked'>;
  readonly decoder: FrameDecoder;
  /** Records older than this are not stored. */
  readonly retentionMs: number;
  readonly maxAttempts: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Decoded {
  /** What is to be stored. */
  readonly pieces: readonly Piece[];
  /** Of whole entries, which have no piece, and of records that are left out of theirs. */
  readonly rejections: readonly Rejection[];
  /** Entries of which nothing is left to do. */
  readonly done: readonly ReadEntry[];
  /** An error of our own code on some entry: it stays pending until it has had its attempts. */
  readonly failure: Error | undefined;
}

/** From entries as they were read to what is stored of them. */
export class Decoding {
  constructor(private readonly parts: DecodingParts) {}

  async decode(read: readonly ReadEntry[]): Promise<Decoded> {
    const pieces: Piece[] = [];
    const rejections: Rejection[] = [];
    const done: ReadEntry[] = [];
    let failure: Error | undefined;
    for (const one of read) {
      try {
        const entry = this.parts.decoder.decode(one.source);
        const parked = one.isRepeat ? await this.parkedOf(one, entry) : NOTHING_PARKED;
        if (parked.isWhole) {
          done.push(one);
          continue;
        }
        const expired = this.expired(one, entry, parked.records);
        rejections.push(...expired.rejections);
        pieces.push(
          pieceOf(one, entry, (index) => !parked.records.has(index) && !expired.indexes.has(index)),
        );
      } catch (error) {
        if (error instanceof OdographError && !isStoreError(error)) rejections.push(rejection(one, error));
        else if (isStoreError(error) || one.deliveries < this.parts.maxAttempts) failure ??= asError(error);
        else rejections.push(rejection(one, error));
      }
    }
    return { pieces, rejections, done, failure };
  }

  /** What stands in the dead-letter stream is not stored as well, though it may pass by now. */
  private async parkedOf({ shard, source }: ReadEntry, { records }: SinkEntry): Promise<Parked> {
    const letters = Array.from({ length: records.length }, (_, index) => ({
      ...{ id: source.id, record: String(index) },
    }));
    const [isWhole = false, ...found] = await this.parts.streams.findParked(shard.deadLetterStream, [
      { id: source.id },
      ...letters,
    ]);
    return { isWhole, records: new Set(found.flatMap((isParked, index) => (isParked ? [index] : []))) };
  }

  /** Where partitions may be gone, a repeat is not known to be one. */
  private expired(
    read: ReadEntry,
    { records }: SinkEntry,
    parked: ReadonlySet<number>,
  ): { rejections: Rejection[]; indexes: ReadonlySet<number> } {
    const oldestMs = this.parts.now() - this.parts.retentionMs;
    const indexes = new Set<number>();
    for (let index = 0; index < records.length; index += 1) {
      if (records.timeMs(index) < oldestMs && !parked.has(index)) indexes.add(index);
    }
    const rejections = [...indexes].map((index) => {
      const detail = `its time is ${new Date(records.timeMs(index)).toISOString()}`;
      return rejection(read, new OdographError('RECORD_EXPIRED', { detail }), index);
    });
    return { rejections, indexes };
  }
}

interface Parked {
  readonly isWhole: boolean;
  readonly records: ReadonlySet<number>;
}
const NOTHING_PARKED: Parked = { isWhole: false, records: new Set() };

const isStoreError = (error: unknown): boolean =>
  error instanceof OdographError && (error.code === 'REDIS_UNREACHABLE' || error.code === 'STREAM_REFUSED');

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
