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
    ['whose topic is no stream of ours', { topic: 'no:such:stream' }, 'OUTBOX_MESSAGE_INVALID'],
    ['whose payload is no JSON', { payload: '{' }, 'OUTBOX_MESSAGE_INVALID'],
    ['whose payload is no map of strings', { payload: '{"n":1}' }, 'OUTBOX_MESSAGE_INVALID'],
  ])('stops in front of a message %s, and there for good', async (_what, changes, code) => {
    outbox.add(2);
    outbox.add(1, changes);
    outbox.add(1);
    const part = await claim();
    await step(part);
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 1', 'event 2']);
    await expect(step(part)).rejects.toMatchObject({ code });
    expect(outbox.behind()).toHaveLength(2);
  });

  it('stops in front of a message that the store refuses, and publishes nothing behind it in its stream', async () => {
    outbox.add(1);
    outbox.add(1, { topic: NOTIFICATION_INTENTS });
    server.put(NOTIFICATION_INTENTS, 'a key of another type');
    outbox.add(1);
    outbox.add(1, { topic: NOTIFICATION_INTENTS });
    const part = await claim();
    await step(part);
    expect(outbox.behind()).toHaveLength(3);
    await expect(step(part)).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
    server.delete(NOTIFICATION_INTENTS);
    await step(part);
    expect(await eventsIn(NOTIFICATION_INTENTS)).toEqual(['event 2', 'event 4']);
    expect(await eventsIn(FLEET_EVENTS)).toEqual(['event 1', 'event 3']);
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
