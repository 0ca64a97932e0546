import { deliveryStreamSettings, readSettings, type Environment } from '@app/common/config';
import { OdographError } from '@app/common/errors';
import { text, type Streams } from '@app/common/streams';
import { type Invocation } from '../cli';
import { type StoredRoute } from './story';

/**
 * Whether what a route was published as still stands in its stream. there; trimmed: gone by its age, as meant; lost: gone
 * with a store that lost its end; replaced: the store hands out ids again, and another entry has this one; unknown: the
 * store was not asked, or did not answer.
 */
export type EntryState = 'there' | 'trimmed' | 'lost' | 'replaced' | 'unknown';

export interface PublishedEntry {
  readonly stream: string;
  readonly id: string;
  readonly state: EntryState;
}

interface Asked {
  /** Route that the entry tells of. */
  readonly routeId: string;
  readonly stream: string;
  readonly id: string;
}

/** The entries of published routes, and of the routes that others were folded into; by the id of the route that asks. */
export async function entriesOf(
  invocation: Invocation,
  routes: readonly StoredRoute[],
): Promise<ReadonlyMap<string, PublishedEntry>> {
  const streams = streamsOf(invocation.environment);
  const asked = routes.flatMap((route) => {
    const id = route.stream_entry_id ?? route.lead_stream_entry_id;
    if (id === null) return [];
    const routeId = route.stream_entry_id === null ? (route.folded_into ?? '') : route.route_id;
    return [{ askedBy: route.route_id, routeId, stream: streams[route.channel], id }];
  });
  if (asked.length === 0) return new Map();
  const states = await statesOf(invocation, asked);
  return new Map(
    asked.map(({ askedBy, stream, id }, index) => [
      askedBy,
      { stream, id, state: states[index] ?? 'unknown' },
    ]),
  );
}

/** A deployment may have named its streams otherwise, as the notification app is told too. */
function streamsOf(environment: Environment): Readonly<Record<StoredRoute['channel'], string>> {
  const names = readSettings(deliveryStreamSettings, environment);
  return {
    push: names.NOTIFICATION_GATEWAY_CLIENT_EVENTS_STREAM,
    email: names.NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM,
  };
}

async function statesOf(invocation: Invocation, asked: readonly Asked[]): Promise<readonly EntryState[]> {
  try {
    return await invocation.withStreams((streams) =>
      Promise.all(asked.map((entry) => stateOf(streams, entry))),
    );
  } catch (error) {
    // The tables tell the story without the store; only this is then not known.
    if (error instanceof OdographError && WITHOUT_STORE.has(error.code)) return asked.map(() => 'unknown');
    throw error;
  }
}

const WITHOUT_STORE: ReadonlySet<string> = new Set(['CONFIG_INVALID', 'REDIS_UNREACHABLE']);

async function stateOf(streams: Streams, { routeId, stream, id }: Asked): Promise<EntryState> {
  const [entry] = await streams.range(stream, id, id, 1);
  if (entry !== undefined) {
    const known = text(entry, 'event_id') ?? '';
    return known === routeId || text(entry, 'delivery_id') === routeId ? 'there' : 'replaced';
  }
  const lost = await streams.findLost(stream, [id]);
  return lost.has(id) ? 'lost' : 'trimmed';
}
