import * as fc from 'fast-check';
import pino from 'pino';
import { MemoryStreams, STREAM_START } from '@app/common/streams';
import { eventually } from '@app/common/testing';
import { eventFields } from './gateway.testing';
import { EventFeed } from './event-feed';
import { OutgoingQueue } from './outgoing-queue';
import { Replays } from './replay';
import { Subscriber } from './subscriber';

const STREAM = 'gateway:client-events';
const logger = pino({ level: 'silent' });
const USERS = ['anna', 'bert'] as const;

/** A client that takes what it is sent, a turn of the event loop later. */
class Client {
  readonly texts: string[] = [];
  bufferedAmount = 0;
  readonly subscriber: Subscriber;

  constructor(feed: EventFeed) {
    const ignore = (): void => undefined;
    const queue = new OutgoingQueue(
      this,
      { backpressureBytes: 600, maxEvents: 1000 },
      { onSent: ignore, onCoalesced: ignore, onExpired: ignore, onOverflow: ignore },
    );
    this.subscriber = new Subscriber({
      ...{ userId: 'anna', deviceSessionId: undefined, queue, recent: feed.recent },
      ...{ onRepeated: ignore, onExpired: ignore },
    });
    feed.add(this.subscriber);
  }

  send(text: string, written: () => void): void {
    this.texts.push(text);
    this.bufferedAmount += text.length;
    setImmediate(() => {
      this.bufferedAmount -= text.length;
      written();
    });
  }

  get eventIds(): string[] {
    return this.texts.flatMap((text) => /"event_id":"([^"]+)"/.exec(text)?.[1] ?? []);
  }
}

describe('a replay', () => {
  it('gives every event behind the cursor once and in order, whatever is published meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          before: fc.array(fc.constantFrom(...USERS), { maxLength: 40 }),
          during: fc.array(fc.constantFrom(...USERS), { maxLength: 40 }),
          sinceIndex: fc.nat(40),
          maxEvents: fc.constantFrom(0, 1, 5, 1000),
          pageSize: fc.constantFrom(1, 2, 7, 500),
          feedFirst: fc.boolean(),
        }),
        async ({ before, during, sinceIndex, maxEvents, pageSize, feedFirst }) => {
          const streams = new MemoryStreams();
          const published: { id: string; eventId: string; userId: string }[] = [];
          const publish = async (userId: string): Promise<void> => {
            const eventId = `e${published.length}`;
            const slot = { id: '', eventId, userId };
            published.push(slot);
            // Every payload is a subject of its own: nothing may be coalesced.
            slot.id = await streams.append(STREAM, eventFields({ eventId, userId }));
          };
          const feed = new EventFeed({
            stream: STREAM,
            streams,
            logger,
            recent: { maxEvents, maxBytes: 1e9 },
          });
          if (feedFirst) await feed.start();
          for (const userId of before) await publish(userId);
          if (!feedFirst) await feed.start();
          const since = published[sinceIndex]?.id ?? STREAM_START;
          const client = new Client(feed);
          client.subscriber.beginBehind(since);
          const replays = new Replays({ stream: STREAM, streams, feed, pageSize });
          const resets: string[] = [];
          const replaying = replays.catchUp(client.subscriber, { onReset: (from) => resets.push(from) });
          for (const userId of during) await publish(userId);
          await replaying;
          await publish('anna');
          const behind = published.slice(published.findIndex(({ id }) => id === since) + 1);
          const expected = behind.filter(({ userId }) => userId === 'anna').map(({ eventId }) => eventId);
          try {
            await eventually(() => client.eventIds.length >= expected.length, {
              what: 'all events',
              timeoutMs: 5000,
            });
            expect(client.eventIds).toEqual(expected);
            expect(resets).toEqual([]);
          } finally {
            await feed.stop();
            await streams.close();
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  it('begins anew where the store lost what the client has seen, and repeats nothing that the client names', async () => {
    const streams = new MemoryStreams();
    await streams.append(STREAM, eventFields({ eventId: 'a', userId: 'anna' }));
    const feed = new EventFeed({ stream: STREAM, streams, logger, recent: { maxEvents: 10, maxBytes: 1e9 } });
    await feed.start();
    const client = new Client(feed);
    client.subscriber.beginBehind('99999999999999-0', ['b']);
    await new Replays({ stream: STREAM, streams, feed }).catchUp(client.subscriber, {
      onReset: () => undefined,
    });
    for (const eventId of ['b', 'c']) await streams.append(STREAM, eventFields({ eventId, userId: 'anna' }));
    await eventually(() => client.eventIds.includes('c'), { what: 'the new event' });
    expect(client.eventIds).toEqual(['c']);
    await feed.stop();
    await streams.close();
  });
});
