import {
  decodeMark,
  encodeMark,
  OUTBOX_PARTS,
  OUTBOX_START,
  OUTBOX_TOPICS,
  partLeaseName,
  type OutboxPosition,
  type OutboxTopic,
} from '@app/common/contracts';
import { type Streams, text } from '@app/common/streams';

/** What Redis holds of one part, taken over under an epoch that no owner had. */
export interface FencedPart {
  readonly part: number;
  readonly epoch: bigint;
  readonly marks: ReadonlyMap<OutboxTopic, FencedMark>;
}

export interface FencedMark {
  readonly count: number;
  readonly mark: string;
}

const PAGE = 1000;

/**
 * Takes every part over on every target stream, as an owner does, so that no relay of whatever database publishes to
 * it any more, and reads what it holds.
 */
export async function fenceParts(
  streams: Streams,
  epochs: ReadonlyMap<string, bigint>,
): Promise<readonly FencedPart[]> {
  const parts = Array.from({ length: OUTBOX_PARTS }, (_, part) => part);
  return Promise.all(
    parts.map((part) => fencePart(streams, part, (epochs.get(partLeaseName(part)) ?? 0n) + 1n)),
  );
}

async function fencePart(streams: Streams, part: number, epoch: bigint): Promise<FencedPart> {
  const marks = new Map<OutboxTopic, FencedMark>();
  for (const stream of OUTBOX_TOPICS) {
    const answer = await streams.claimMark({ stream, part, epoch });
    // Redis knows a later owner than the database does: all streams of the part once more, above that one.
    if (answer.kind === 'fenced') return fencePart(streams, part, answer.epoch + 1n);
    marks.set(stream, { count: answer.count, mark: answer.mark });
  }
  return { part, epoch, marks };
}

/** What the marks say that was published last, over all parts and streams. */
export function highestGeneration(parts: readonly FencedPart[]): bigint {
  return parts
    .flatMap(({ marks }) => [...marks.values()])
    .map(({ mark }) => decodeMark(mark).generation)
    .reduce((highest, each) => (each > highest ? each : highest), 0n);
}

/** The lower one of cursor and mark, where Redis holds less than the cursor saw acknowledged; else the cursor. */
export function boundOf(
  cursor: OutboxPosition,
  stored: FencedMark | undefined,
  seen: FencedMark | undefined,
): { readonly bound: OutboxPosition; readonly isLower: boolean } {
  const mark = stored?.mark ?? encodeMark(OUTBOX_START);
  const isLower = seen !== undefined && (mark < seen.mark || (stored?.count ?? 0) < seen.count);
  return isLower && mark < encodeMark(cursor)
    ? { bound: decodeMark(mark), isLower }
    : { bound: cursor, isLower };
}

/** Those of the events that stand in their stream, from entries of that time on; as `<topic> <event id>`. */
export async function publishedOf(
  streams: Streams,
  candidates: ReadonlyMap<OutboxTopic, ReadonlySet<string>>,
  sinceMs: number,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const [topic, events] of candidates) {
    if (events.size === 0) continue;
    for (let from = `${sinceMs}-0`; ;) {
      const entries = await streams.range(topic, from, '+', PAGE);
      for (const entry of entries) {
        const eventId = text(entry, 'event_id');
        if (eventId !== undefined && events.has(eventId)) found.add(`${topic} ${eventId}`);
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < PAGE) break;
      from = `(${last.id}`;
    }
  }
  return [...found];
}
