import pino from 'pino';
import { eventHash, FLEET_EVENTS, NOTIFICATION_INTENTS, OUTBOX_PARTS } from '@app/common/contracts';
import { BinaryArray, binaryTypes, Database, type QuerySource } from '@app/common/database';
import { MemoryServer, MemoryStreams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { observe } from './observation';

const HOUR_MS = 3_600_000;
const hashes = (...ids: string[]): Buffer => BinaryArray.of(binaryTypes.int8, ids.map(eventHash));

const servers = testServers();
let database: Database;
beforeAll(() => {
  database = new Database({
    url: servers.postgresUrl('odograph_relay'),
    ...{ poolSize: 1, applicationName: 'observation-spec', startupTimeoutMs: 5_000 },
    logger: pino({ level: 'silent' }),
  });
});
afterAll(() => database.stop(1_000));

/** Observes, and tells in which order it looked at what. */
async function look(streams: MemoryStreams, sinceMs: number) {
  const order: string[] = [];
  const source: QuerySource = {
    query: (statement, params) => {
      order.push(statement.name);
      return database.query(statement, params);
    },
  };
  const watched: Pick<MemoryStreams, 'range'> = {
    range: (stream, from, to, count) => {
      order.push(stream);
      return streams.range(stream, from, to, count);
    },
  };
  return { observation: await observe(source, watched, { sinceMs, keepMs: 24 * HOUR_MS }), order };
}

describe('observe', () => {
  it('notes the cursors before it reads any stream: what they stand behind must be seen there', async () => {
    const { order, observation } = await look(new MemoryStreams(), 0);
    expect(order).toEqual([
      ...['outbox.note-cursors', 'outbox.list-replays', FLEET_EVENTS, NOTIFICATION_INTENTS],
      'outbox.list-replays',
    ]);
    expect(observation.parts).toHaveLength(OUTBOX_PARTS);
    expect(observation).toMatchObject({ generations: Array(OUTBOX_PARTS).fill('0') });
  });

  it('reads every page, with repeats, and leaves out entries without an event', async () => {
    const streams = new MemoryStreams();
    const ids = Array.from({ length: 4_001 }, (_, i) => `event ${i % 4_000}`);
    await streams.append(FLEET_EVENTS, { kind: 'foreign' });
    for (const eventId of ids) await streams.append(FLEET_EVENTS, { event_id: eventId });
    const { observation, order } = await look(streams, 0);
    expect(observation.standingEvents.equals(hashes(...ids))).toBe(true);
    expect(order.filter((name) => name === FLEET_EVENTS)).toHaveLength(3);
  });

  it('reads events from a minute before the time on, and all intents, however long they have stood', async () => {
    let nowMs = 10 * HOUR_MS;
    const streams = new MemoryStreams(new MemoryServer(() => nowMs));
    for (const stream of [FLEET_EVENTS, NOTIFICATION_INTENTS])
      await streams.append(stream, { event_id: 'old' });
    nowMs += HOUR_MS;
    for (const stream of [FLEET_EVENTS, NOTIFICATION_INTENTS])
      await streams.append(stream, { event_id: 'new' });
    const { observation } = await look(streams, nowMs + 59_000);
    expect(observation.standingEvents.equals(hashes('new'))).toBe(true);
    expect(observation.standingIntents.equals(hashes('old', 'new'))).toBe(true);
  });

  it('knows nothing of events that may have been trimmed, or that it was not asked for', async () => {
    const { observation: trimmed } = await look(new MemoryStreams(), 0);
    expect(trimmed.trimmedBefore.getTime()).toBe(trimmed.asOf.getTime() - 24 * HOUR_MS + 60_000);
    const sinceMs = trimmed.asOf.getTime() - HOUR_MS;
    const { observation: asked } = await look(new MemoryStreams(), sinceMs);
    expect(asked.trimmedBefore.getTime()).toBe(sinceMs);
  });
});
