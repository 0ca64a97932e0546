import { eventHash, FLEET_EVENTS, NOTIFICATION_INTENTS } from '../contracts';
import { BinaryArray, binaryTypes, type QuerySource, statement } from '../database';
import { type StreamInspector, text } from '../streams';
import listReplays from './sql/list-replays.sql';
import noteCursors from './sql/note-cursors.sql';

const NOTE_CURSORS = statement('outbox.note-cursors', noteCursors);
const LIST_REPLAYS = statement('outbox.list-replays', listReplays);
const PAGE_ENTRIES = 2_000;
/** How far the clocks of PostgreSQL and Redis may be apart. */
const CLOCK_SKEW_MS = 60_000;

/** What the streams held, and how far every part had been published before they were looked at. */
export interface Observation {
  /** On the database's clock. */
  readonly asOf: Date;
  readonly parts: readonly number[];
  readonly generations: readonly string[];
  readonly xids: readonly string[];
  readonly ids: readonly string[];
  /**
   * Hashes of the event ids in `fleet:events` and in `notification:intents`, with repeats but for those that an operator's
   * replay made: bigint[], as PostgreSQL reads it.
   */
  readonly standingEvents: Buffer;
  readonly standingIntents: Buffer;
  /** Of messages written before nothing is known in `fleet:events`: they may have gone by their age. */
  readonly trimmedBefore: Date;
}

interface NotedCursor {
  readonly as_of: Date;
  readonly part: number;
  readonly generation: bigint;
  readonly xid: bigint;
  readonly id: bigint;
}

interface ReplayedEvent {
  readonly topic: string;
  readonly event_id: string;
  readonly is_out: boolean;
}

/**
 * Hashes of the event ids of a stream. One that an operator has published again under its own id stands there twice, and
 * is meant to: its second entry is left out, a third is not.
 */
class StandingEvents {
  private readonly hashes = new BinaryArray(binaryTypes.int8, PAGE_ENTRIES);
  private readonly replayed: Map<bigint, number>;

  constructor(
    private readonly stream: string,
    replays: readonly ReplayedEvent[],
  ) {
    this.replayed = new Map(this.of(replays).map((replay) => [eventHash(replay.event_id), 0]));
  }

  add(eventId: string): void {
    const hash = eventHash(eventId);
    const count = this.replayed.get(hash);
    if (count === undefined) this.hashes.push(hash);
    else this.replayed.set(hash, count + 1);
  }

  /** @param replays As they are once the stream has been read: one that was under way may have come meanwhile. */
  toBuffer(replays: readonly ReplayedEvent[]): Buffer {
    const out = new Set(
      this.of(replays).flatMap((replay) => (replay.is_out ? [eventHash(replay.event_id)] : [])),
    );
    for (const [hash, count] of this.replayed) {
      const meant = out.has(hash) && count > 1 ? count - 1 : count;
      for (let entry = 0; entry < meant; entry += 1) this.hashes.push(hash);
    }
    return this.hashes.toBuffer();
  }

  private of(replays: readonly ReplayedEvent[]): ReplayedEvent[] {
    return replays.filter(({ topic }) => topic === this.stream);
  }
}

/**
 * Notes the cursors, then reads the streams: in this order whatever was published by then is seen in them. Holds 12 bytes
 * for each entry.
 *
 * @param sinceMs Messages written before are of no interest: their events count as trimmed.
 * @param keepMs Age at which `fleet:events` is trimmed.
 */
export async function observe(
  source: QuerySource,
  streams: Pick<StreamInspector, 'range'>,
  { sinceMs, keepMs }: { readonly sinceMs: number; readonly keepMs: number },
): Promise<Observation> {
  const cursors = await source.query<NotedCursor>(NOTE_CURSORS);
  const asOf = cursors[0]?.as_of ?? new Date();
  const underWay = await source.query<ReplayedEvent>(LIST_REPLAYS);
  const events = new StandingEvents(FLEET_EVENTS, underWay);
  const intents = new StandingEvents(NOTIFICATION_INTENTS, underWay);
  await readInto(events, streams, FLEET_EVENTS, sinceMs - CLOCK_SKEW_MS);
  // However long ago an intent came, it stands there until it is accepted.
  await readInto(intents, streams, NOTIFICATION_INTENTS, 0);
  const replays = await source.query<ReplayedEvent>(LIST_REPLAYS);
  return {
    asOf,
    parts: cursors.map(({ part }) => part),
    generations: cursors.map(({ generation }) => generation.toString()),
    xids: cursors.map(({ xid }) => xid.toString()),
    ids: cursors.map(({ id }) => id.toString()),
    standingEvents: events.toBuffer(replays),
    standingIntents: intents.toBuffer(replays),
    trimmedBefore: new Date(Math.max(asOf.getTime() - keepMs + CLOCK_SKEW_MS, sinceMs)),
  };
}

/** An observation of nothing: for an hour in which nothing was written. */
export const NOTHING_OBSERVED: Observation = {
  ...{ asOf: new Date(0), parts: [], generations: [], xids: [], ids: [], trimmedBefore: new Date(0) },
  standingEvents: new BinaryArray(binaryTypes.int8, 0).toBuffer(),
  standingIntents: new BinaryArray(binaryTypes.int8, 0).toBuffer(),
};

/** The observation as the parameters 2 to 9 of `ops.event_census` and `ops.close_ledger_hour`. */
export function observationParams(observation: Observation): readonly unknown[] {
  const { asOf, parts, generations, xids, ids } = observation;
  const { standingEvents, standingIntents, trimmedBefore } = observation;
  return [asOf, parts, generations, xids, ids, standingEvents, standingIntents, trimmedBefore];
}

async function readInto(
  standing: StandingEvents,
  streams: Pick<StreamInspector, 'range'>,
  stream: string,
  sinceMs: number,
): Promise<void> {
  let from = `${Math.max(0, sinceMs)}-0`;
  for (;;) {
    const page = await streams.range(stream, from, '+', PAGE_ENTRIES);
    for (const entry of page) {
      const id = text(entry, 'event_id');
      if (id !== undefined) standing.add(id);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ENTRIES) return;
    from = `(${last.id}`;
  }
}
