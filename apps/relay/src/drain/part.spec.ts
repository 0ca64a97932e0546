import {
  companionKey,
  encodeMark,
  FLEET_EVENTS,
  NOTIFICATION_INTENTS,
  OUTBOX_START,
} from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { MemoryServer, MemoryStreams, type OncePublisher, textFields } from '@app/common/streams';
import { MemoryOutbox } from './memory-outbox.testing';
import { Part } from './part';
import { fussy } from './relay.testing';

const LEASE = { name: 'outbox:part:0', epoch: 7n };
let outbox: MemoryOutbox;
let server: MemoryServer;
let streams: MemoryStreams;

beforeEach(() => {
  outbox = new MemoryOutbox();
  server = new MemoryServer();
  streams = new MemoryStreams(server);
});

const claim = (publisher: OncePublisher = streams, lease = LEASE): Promise<Part> =>
  Part.claim(outbox.tools(publisher), lease, 0);
const step = (part: Part) => part.publish(outbox.behind());
const markKey = (stream: string): string => companionKey(stream, 'mark:0');

async function eventsIn(stream: string): Promise<(string | undefined)[]> {
  const entries = await streams.range(stream, '-', '+', 1_000);
  return entries.map((entry) => textFields(entry)['event_id']);
}

const parkedEvents = (): string[] => outbox.retries.rows.map(({ message }) => message.eventId);

const refusing = (...events: string[]): OncePublisher =>
  fussy(streams, (eventId) => events.some((event) => event === eventId));

/** Every call reaches the store; the reply of those that match is lost. */
function losing(isLost: (call: number) => boolean): OncePublisher {
  let call = 0;
  return {
    claimMark: (request) => streams.claimMark(request),
    publishRetried: (request) => streams.publishRetried(request),
    publishOnce: (request) => streams.publishOnce(request),
    publishMarked: async (request) => {
      const answer = await streams.publishMarked(request);
      if (isLost((call += 1))) throw new OdographError('REDIS_UNREACHABLE', { detail: 'no reply' });
      return answer;
    },
  };
}

describe('Part', () => {
  it('publishes to both topics, adds what the relay adds, and moves the cursor behind the last', async () => {
    outbox.add(2);
    outbox.add(1, { topic: NOTIFICATION_INTENTS, payload: '{"producer":"p","event_id":"forged","v":"9"}' });
    const part = await claim();
    const done = await step(part);
    expect(done.added).toEqual(
      new Map([
        [FLEET_EVENTS, 2],
        [NOTIFICATION_INTENTS, 1],
      ]),
    );
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 1', 'event 2']);
    const [intent] = await streams.range(NOTIFICATION_INTENTS, '-', '+', 1);
    expect(intent && textFields(intent)).toEqual({
      producer: 'p',
      v: '1',
      event_id: 'event 3',
      traceparent: 't',
    });
    expect(outbox.behind()).toEqual([]);
    expect(outbox.cursor.acknowledged.get(FLEET_EVENTS)).toMatchObject({ epoch: 7n, count: 2 });
  });

  it('adds nothing twice when the reply was lost and the same call is repeated', async () => {
    outbox.add(5);
    const part = await claim(losing((call) => call === 1));
    await expect(step(part)).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    expect(outbox.behind()).toHaveLength(5);
    const done = await step(await claim());
    expect(done.skipped.get(FLEET_EVENTS)).toBe(5);
    expect(await eventsIn(FLEET_EVENTS)).toHaveLength(5);
    expect(outbox.behind()).toEqual([]);
  });

  it('goes back and fills again when the store is behind what it had acknowledged', async () => {
    outbox.add(3);
    const part = await claim();
    await step(part);
    outbox.add(2);
    server.delete(FLEET_EVENTS);
    server.delete(markKey(FLEET_EVENTS));
    expect((await step(part)).rewound).toBe(true);
    expect(outbox.cursor.position).toEqual(OUTBOX_START);
    await step(await claim());
    expect(await eventsIn(FLEET_EVENTS)).toEqual([1, 2, 3, 4, 5].map((n) => `event ${n}`));
    expect(outbox.rewinds).toHaveLength(1);
  });

  it('goes back at the take-over too, and lets the stream that lost nothing skip', async () => {
    outbox.add(2);
    outbox.add(2, { topic: NOTIFICATION_INTENTS });
    await step(await claim());
    server.delete(NOTIFICATION_INTENTS);
    server.delete(markKey(NOTIFICATION_INTENTS));
    const part = await claim(streams, { ...LEASE, epoch: 8n });
    const done = await step(part);
    expect(done.skipped.get(FLEET_EVENTS)).toBe(2);
    expect(await eventsIn(FLEET_EVENTS)).toHaveLength(2);
    expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual(['event 3', 'event 4']);
  });

  it('is lost to a newer owner on whichever stream that was first', async () => {
    const part = await claim();
    outbox.add(1, { topic: NOTIFICATION_INTENTS });
    await streams.claimMark({ stream: NOTIFICATION_INTENTS, part: 0, epoch: 8n });
    outbox.leaseHolds = false;
    await expect(step(part)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(claim()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual([]);
  });

  it('is ahead, and not lost, where the store knows a newer epoch and the lease still holds', async () => {
    await streams.claimMark({ stream: FLEET_EVENTS, part: 0, epoch: 900n });
    await expect(claim()).rejects.toMatchObject({ code: 'OUTBOX_CURSOR_AHEAD' });
  });

  it('claims every stream before it looks at the outbox', async () => {
    const order: string[] = [];
    const tools = outbox.tools(streams);
    const watching: OncePublisher = {
      claimMark: (request) => (order.push(request.stream), streams.claimMark(request)),
      publishMarked: (request) => streams.publishMarked(request),
      publishRetried: (request) => streams.publishRetried(request),
      publishOnce: (request) => streams.publishOnce(request),
    };
    const load = () => (order.push('cursor'), tools.table.load([0]));
    await Part.claim({ ...tools, streams: watching, table: { ...tools.table, load } }, LEASE, 0);
    expect(order).toEqual([FLEET_EVENTS, NOTIFICATION_INTENTS, 'cursor']);
  });

  it('does not move the cursor without the lease; what it published is skipped by the next owner', async () => {
    outbox.add(2);
    const part = await claim();
    outbox.leaseHolds = false;
    await expect(step(part)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(outbox.cursor.position).toEqual(OUTBOX_START);
    outbox.leaseHolds = true;
    expect((await step(await claim(streams, { ...LEASE, epoch: 8n }))).skipped.get(FLEET_EVENTS)).toBe(2);
    expect(await eventsIn(FLEET_EVENTS)).toHaveLength(2);
  });

  it('is refused when the cursor is ahead, or a mark lies behind it at no message', async () => {
    outbox.ahead = true;
    await expect(claim()).rejects.toMatchObject({ code: 'OUTBOX_CURSOR_AHEAD' });
    outbox.ahead = false;
    outbox.add(1);
    await step(await claim());
    outbox.cursor = { part: 0, position: OUTBOX_START, acknowledged: new Map() };
    outbox.messages = [];
    await expect(claim()).rejects.toMatchObject({ code: 'OUTBOX_CURSOR_AHEAD' });
  });

  it('follows a mark that is ahead of the cursor at a message: a crash came between the two', async () => {
    outbox.add(2);
    await step(await claim());
    outbox.cursor = { part: 0, position: OUTBOX_START, acknowledged: new Map() };
    outbox.add(1);
    await step(await claim());
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 1', 'event 2', 'event 3']);
  });

  it.each([
    ['whose topic is no stream of ours', { topic: 'no:such:stream' }],
    ['whose payload is no JSON', { payload: '{' }],
    ['whose payload is no map of strings', { payload: '{"n":1}' }],
  ])('parks a message %s and what is behind it of its key, and goes on', async (_what, changes) => {
    outbox.add(2, { key: 'k' });
    outbox.add(1, { key: 'k', ...changes });
    outbox.add(1);
    outbox.add(1, { key: 'k' });
    const part = await claim();
    expect(await step(part)).toMatchObject({ passed: 5 });
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 1', 'event 2', 'event 4']);
    expect(outbox.behind()).toEqual([]);
    expect(parkedEvents()).toEqual(['event 3', 'event 5']);
    expect(outbox.parked.map(({ reason }) => reason)).toEqual(['invalid', 'behind']);
    outbox.add(1, { key: 'k' });
    await step(part);
    expect(parkedEvents()).toEqual(['event 3', 'event 5', 'event 6']);
  });

  describe('where the store refuses a message', () => {
    it('parks it and what is behind it of its key before anything else behind it goes out', async () => {
      outbox.add(1, { key: 'a' });
      outbox.add(1, { key: 'b' });
      outbox.add(1, { key: 'a', topic: NOTIFICATION_INTENTS });
      outbox.add(1, { key: 'c' });
      outbox.add(1, { key: 'b' });
      const part = await claim(refusing('event 2'));
      await step(part);
      expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 1', 'event 4']);
      expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual(['event 3']);
      expect(parkedEvents()).toEqual(['event 2', 'event 5']);
      expect(outbox.behind()).toEqual([]);
      expect(outbox.retries.rows[0]).toMatchObject({ attempts: 1, lastError: 'ERR not this one' });
    });

    it('parks each of several, and a message of another stream that is out already stays out', async () => {
      outbox.add(1, { key: 'a', topic: NOTIFICATION_INTENTS });
      outbox.add(1, { key: 'b' });
      outbox.add(1, { key: 'a' });
      outbox.add(1, { key: 'b', topic: NOTIFICATION_INTENTS });
      outbox.add(1, { key: 'c' });
      const part = await claim(refusing('event 2', 'event 3'));
      await step(part);
      expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual(['event 1', 'event 4']);
      expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 5']);
      expect(parkedEvents()).toEqual(['event 2', 'event 3']);
    });

    it('publishes nothing behind it while the parking is not committed, and repeats the step', async () => {
      outbox.add(1, { key: 'a' });
      outbox.add(1, { key: 'b' });
      const part = await claim(refusing('event 1'));
      outbox.leaseHolds = false;
      await expect(step(part)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await eventsIn(FLEET_EVENTS)).toEqual([]);
      expect(outbox.retries.rows).toEqual([]);
      outbox.leaseHolds = true;
      await step(await claim(refusing('event 1')));
      expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 2']);
      expect(parkedEvents()).toEqual(['event 1']);
    });

    it('never publishes what has a row when it is read again, and never parks what is at or below the mark', async () => {
      outbox.add(1, { key: 'a' });
      outbox.add(1, { key: 'b' });
      outbox.add(1, { key: 'a' });
      outbox.add(1, { key: 'c' });
      await step(await claim(refusing('event 3')));
      const [row] = outbox.retries.rows;
      expect(parkedEvents()).toEqual(['event 3']);
      // The cursor was not moved, as after a crash; the row is still open, so its key is parked.
      outbox.cursor = { part: 0, position: OUTBOX_START, acknowledged: new Map() };
      const again = await claim();
      expect((await step(again)).skipped.get(FLEET_EVENTS)).toBe(3);
      expect(parkedEvents()).toEqual(['event 3']);
      // Nor does a row that is done.
      if (row !== undefined) row.state = 'published';
      outbox.cursor = { part: 0, position: OUTBOX_START, acknowledged: new Map() };
      server.delete(FLEET_EVENTS);
      server.delete(markKey(FLEET_EVENTS));
      await step(await claim());
      expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 1', 'event 2', 'event 4']);
    });
  });

  it('opens the rows again that were published to a stream which lost its end, and no others', async () => {
    outbox.add(1, { key: 'a' });
    outbox.add(1, { key: 'b', topic: NOTIFICATION_INTENTS });
    outbox.add(1, { key: 'c' });
    const part = await claim(refusing('event 1', 'event 2'));
    await step(part);
    for (const row of outbox.retries.rows) Object.assign(row, { state: 'published', deliveries: 3 });
    await part.publishRetried(FLEET_EVENTS, [{ dedupeId: 'event 1', fields: { n: '1' } }]);
    await part.settle(() => Promise.resolve());
    server.delete(FLEET_EVENTS);
    server.delete(markKey(FLEET_EVENTS));
    await claim(streams, { ...LEASE, epoch: 8n });
    expect(outbox.rewinds).toHaveLength(1);
    expect(outbox.retries.rows).toMatchObject([
      { state: 'open', deliveries: 0 },
      { state: 'published', deliveries: 3 },
    ]);
  });

  describe('while a topic is on hold', () => {
    const paused = new Set([NOTIFICATION_INTENTS]);
    /** As the lane does: reads from where the part has come, and publishes what it finds. */
    async function drain(part: Part, limit = 2): Promise<void> {
      for (;;) {
        const place = { cursor: part.cursor, after: part.upTo };
        const found = (await outbox.tools(streams).table.read([place], limit)).get(0)?.messages ?? [];
        if (found.length === 0) return;
        await part.publish(found);
      }
    }

    it('goes on with the others, with the cursor in front of the first of it, and then publishes what it passed', async () => {
      outbox.add(1);
      outbox.add(1, { topic: NOTIFICATION_INTENTS });
      outbox.add(3);
      outbox.add(2, { topic: NOTIFICATION_INTENTS });
      outbox.add(1);
      const part = await claim();
      part.hold(paused);
      await drain(part);
      expect(await eventsIn(FLEET_EVENTS)).toEqual([1, 3, 4, 5, 8].map((n) => `event ${n}`));
      expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual([]);
      expect(outbox.behind()).toHaveLength(7);
      expect(encodeMark(part.upTo)).toBe(encodeMark(outbox.messages.at(-1)?.position ?? OUTBOX_START));
      outbox.add(1);
      await drain(part);
      part.hold(new Set());
      expect(part.upTo).toEqual(outbox.cursor.position);
      await drain(part);
      expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual([2, 6, 7].map((n) => `event ${n}`));
      expect(await eventsIn(FLEET_EVENTS)).toHaveLength(6);
      expect(outbox.behind()).toEqual([]);
    });

    it('starts at its cursor again after a crash, and publishes nothing twice', async () => {
      outbox.add(1, { topic: NOTIFICATION_INTENTS });
      outbox.add(3);
      const first = await claim();
      first.hold(paused);
      await drain(first);
      const second = await claim(streams, { ...LEASE, epoch: 8n });
      second.hold(paused);
      await drain(second);
      second.hold(new Set());
      await drain(second);
      expect(await eventsIn(FLEET_EVENTS)).toEqual([2, 3, 4].map((n) => `event ${n}`));
      expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual(['event 1']);
    });

    it('does not publish what was parked and retried meanwhile when it is read again', async () => {
      outbox.add(1, { key: 'a' });
      outbox.add(1, { key: 'a', topic: NOTIFICATION_INTENTS });
      let isRefused = true;
      const part = await claim(fussy(streams, (eventId) => isRefused && eventId === 'event 2'));
      part.hold(new Set([FLEET_EVENTS]));
      await drain(part);
      isRefused = false;
      for (const row of outbox.retries.rows) row.state = 'published';
      part.parked([]);
      part.hold(new Set());
      await drain(part, 1);
      expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 1']);
      expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual([]);
    });

    it('parks nothing of it, and keeps the order of a key that was parked beside it', async () => {
      outbox.add(1, { key: 'a', topic: NOTIFICATION_INTENTS });
      outbox.add(1, { key: 'a' });
      outbox.add(1, { key: 'a', topic: NOTIFICATION_INTENTS });
      const part = await claim(refusing('event 2'));
      part.hold(paused);
      await drain(part);
      expect(parkedEvents()).toEqual(['event 2']);
      part.hold(new Set());
      await drain(part);
      expect(parkedEvents()).toEqual(['event 2', 'event 1', 'event 3']);
    });
  });

  it('keeps its place while the store is full or away', async () => {
    outbox.add(2);
    const part = await claim();
    server.refusal = 'OOM command not allowed';
    await expect(step(part)).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
    server.refusal = undefined;
    server.reachable = false;
    await expect(step(part)).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
    server.reachable = true;
    await step(await claim());
    expect(await eventsIn(FLEET_EVENTS)).toHaveLength(2);
    expect(encodeMark(outbox.cursor.position)).toBe(outbox.cursor.acknowledged.get(FLEET_EVENTS)?.mark);
  });
});
