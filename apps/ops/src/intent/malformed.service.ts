import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS, notificationId } from '@app/common/contracts';
import { statement, type QuerySource } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { compareEntryIds, STREAM_START, text, type StreamEntry, type Streams } from '@app/common/streams';
import { entryView, type EntryView } from '../streams';
import { type MalformedFilter } from './intent.schema';
import fatesOfEntries from './sql/fates-of-entries.sql';
import findMalformedStatement from './sql/find-malformed.sql';
import listMalformedStatement from './sql/list-malformed.sql';

const FATES = statement('intent_fates_of_entries', fatesOfEntries);
const FIND = statement('intent_find_malformed', findMalformedStatement);
const LIST = statement('intent_list_malformed', listMalformedStatement);

/** An intent that was not accepted, as lists show it. */
export interface MalformedRow {
  readonly id: string;
  readonly recorded_at: Date;
  readonly stream_entry_id: string;
  readonly code: string;
  readonly notification_type: string | null;
  readonly producer: string | null;
  readonly idempotency_key: string | null;
  readonly message: string;
}

export interface MalformedIntent extends MalformedRow {
  /** As the entry had them. */
  readonly raw_fields: Readonly<Record<string, unknown>>;
}

/** The newest first. */
export function listMalformed(
  source: QuerySource,
  { code, producer, type, since, limit }: MalformedFilter,
): Promise<readonly MalformedRow[]> {
  return source.query<MalformedRow>(LIST, [
    code ?? null,
    producer ?? null,
    type ?? null,
    since ?? null,
    limit,
  ]);
}

/** @param id number of the row, or id of the stream entry. @throws OdographError NOT_FOUND */
export async function findMalformed(source: QuerySource, id: string): Promise<MalformedIntent> {
  const isEntry = id.includes('-');
  const [row] = await source.query<MalformedIntent>(FIND, [isEntry ? null : id, isEntry ? id : null]);
  if (row === undefined) throw new OdographError('NOT_FOUND', { detail: `no malformed intent ${id}` });
  return row;
}

/** An entry of the intents' stream, and what became of it. */
export interface Neighbour extends EntryView {
  /** The one that was asked about. */
  readonly is_it: boolean;
  /** `malformed <code>`, `accepted`, `handed out` (and not acknowledged), `not read yet`, or `nothing recorded`. */
  readonly fate: string;
  readonly notification_id: string | null;
}

export interface Around {
  readonly id: string;
  readonly before: number;
  readonly after: number;
  readonly full: boolean;
}

/** The entries of the stream around an id, in their order; the id itself is missing where it was trimmed. */
export async function neighboursOf(
  source: QuerySource,
  streams: Streams,
  { id, before, after, full }: Around,
): Promise<readonly Neighbour[]> {
  const earlier = before === 0 ? [] : await streams.newest(NOTIFICATION_INTENTS, before, id);
  const self = await streams.range(NOTIFICATION_INTENTS, id, id, 1);
  const later = after === 0 ? [] : await streams.range(NOTIFICATION_INTENTS, `(${id}`, '+', after);
  const entries = [...[...earlier].reverse(), ...self, ...later];
  const fates = await fatesOf(source, entries);
  const info = await streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
  const group = info?.groups.find(({ name }) => name === NOTIFICATION_GROUP);
  const given = group?.lastDeliveredId ?? STREAM_START;
  const held = await heldAmong(streams, group?.pending ?? 0);
  return entries.map((entry) => {
    const { code = null, notification_id: notification = null } = fates.get(entry.id) ?? {};
    const unanswered =
      compareEntryIds(entry.id, given) > 0
        ? 'not read yet'
        : held.has(entry.id)
          ? 'handed out'
          : 'nothing recorded';
    const fate = code !== null ? `malformed ${code}` : notification !== null ? 'accepted' : unanswered;
    const notificationOf = code === null ? notification : null;
    return { ...entryView(entry, full), is_it: entry.id === id, fate, notification_id: notificationOf };
  });
}

interface Fate {
  readonly entry_id: string;
  readonly code: string | null;
  readonly notification_id: string | null;
}

async function fatesOf(
  source: QuerySource,
  entries: readonly StreamEntry[],
): Promise<ReadonlyMap<string, Fate>> {
  const notifications = entries.map((entry) => {
    const [producer, key] = [text(entry, 'producer'), text(entry, 'idempotency_key')];
    return producer === undefined || key === undefined ? null : notificationId(producer, key);
  });
  const rows = await source.query<Fate>(FATES, [entries.map(({ id }) => id), notifications]);
  return new Map(rows.map((row) => [row.entry_id, row]));
}

async function heldAmong(streams: Streams, pending: number): Promise<ReadonlySet<string>> {
  if (pending === 0) return new Set();
  const held = await streams.listPending({
    ...{ stream: NOTIFICATION_INTENTS, group: NOTIFICATION_GROUP, count: pending },
  });
  return new Set(held.map(({ id }) => id));
}
