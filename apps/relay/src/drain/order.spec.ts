import fc from 'fast-check';
import pino from 'pino';
import { Registry } from 'prom-client';
import {
  companionKey,
  FLEET_EVENTS,
  NOTIFICATION_INTENTS,
  OUTBOX_TOPICS,
  type OutboxTopic,
} from '@app/common/contracts';
import { hasCode, OdographError } from '@app/common/errors';
import { Metrics } from '@app/common/observability';
import { MemoryServer, MemoryStreams, type OncePublisher, textFields } from '@app/common/streams';
import { SHORT_RETRIES } from '../memory-retries.testing';
import { RetryLane, retryMetrics } from '../retry';
import { MemoryOutbox } from './memory-outbox.testing';
import { Part, type PartTools } from './part';
import { fussy } from './relay.testing';

let mockOnFault: () => void = () => undefined;
jest.mock('@app/common/observability', () => ({
  ...jest.requireActual<object>('@app/common/observability'),
  fault: () => mockOnFault(),
}));

/** `npm run test:properties` takes the long form, a few minutes; `npm test` a sample of a few seconds. */
const RUNS = process.env['ODOGRAPH_PROPERTIES'] === 'all' ? 20_000 : 1_000;
const KEYS = ['a', 'b', 'c'];
const LEASE_MS = 1_000;
const logger = pino({ level: 'silent' });
const metrics = retryMetrics(new Metrics(new Registry()));

const key = fc.constantFrom(...KEYS);
const topic = fc.constantFrom(FLEET_EVENTS, NOTIFICATION_INTENTS);
const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      key,
      topic,
      /** Refusals that the store has in store for it; some are no messages at all. */
      refusals: fc.constantFrom(0, 0, 0, 0, 1, 2, 9),
      isNone: fc.constantFrom(false, false, false, false, false, false, true),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('log' as const), batch: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'retry' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('crash' as const), inSteps: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('loseReply' as const), inCalls: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'save' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'takeOver' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'zombie' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), topic }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('hold' as const), topic: fc.option(topic, { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('operator' as const), skips: fc.boolean() }) },
);
type Action = typeof action extends fc.Arbitrary<infer One> ? One : never;

/** One part, its owners, and the store that they publish to. */
class World {
  nowMs = 1_000_000;
  readonly server = new MemoryServer(() => this.nowMs);
  readonly streams = new MemoryStreams(this.server);
  readonly outbox = new MemoryOutbox(() => this.nowMs);
  private readonly refusals = new Map<unknown, number>();
  private epoch = 1n;
  private part: Part | undefined;
  private zombie: Part | undefined;
  private held: ReadonlySet<OutboxTopic> = new Set();
  private callsToLoss = 0;
  private readonly lane = new RetryLane({
    ...{ table: this.outbox.retries, pollMs: 1_000, leaseTimeMs: LEASE_MS, batch: 4, metrics, logger },
    ...{ maxDeliveries: 50, strategy: { ...SHORT_RETRIES.strategy, maxAttempts: 4 } },
  });
  private readonly tools: PartTools;

  constructor() {
    const store = fussy(this.streams, (eventId) => this.isRefused(eventId));
    const lossy = async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
      const answer = await call();
      this.callsToLoss -= 1;
      if (this.callsToLoss === 0)
        throw new OdographError('REDIS_UNREACHABLE', { detail: 'the reply was lost' });
      return answer;
    };
    const publisher: OncePublisher = {
      claimMark: (request) => lossy(() => store.claimMark(request)),
      publishOnce: (request) => store.publishOnce(request),
      publishMarked: (request) => lossy(() => store.publishMarked(request)),
      publishRetried: (request) => lossy(() => store.publishRetried(request)),
    };
    this.tools = {
      ...this.outbox.tools(publisher),
      // Never by itself: the histories say when.
      saveEveryMs: Infinity,
      ownership: {
        protect: (_transaction, [lease]) =>
          lease?.epoch === this.epoch ? Promise.resolve() : Promise.reject(new OdographError('LEASE_LOST')),
      },
    };
  }

  async run(next: Action): Promise<void> {
    if (next.do === 'append') this.append(next);
    else if (next.do === 'log') await this.attempt((part) => this.log(part, next.batch));
    else if (next.do === 'retry') await this.attempt((part) => this.retry(part));
    else if (next.do === 'save') await this.attempt((part) => part.save());
    else if (next.do === 'crash') this.crashIn(next.inSteps);
    else if (next.do === 'loseReply') this.callsToLoss = next.inCalls;
    else if (next.do === 'takeOver') this.takeOver();
    else if (next.do === 'zombie') await this.actAsZombie();
    else if (next.do === 'lose') this.lose(next.topic);
    else if (next.do === 'hold') this.held = new Set(next.topic === undefined ? [] : [next.topic]);
    else this.decide(next.skips);
  }

  /** All that is left to do is done, by a new owner: it finds out what the store lost. */
  async finish(): Promise<void> {
    mockOnFault = () => undefined;
    this.callsToLoss = 0;
    this.held = new Set();
    for (let round = 0; round < 60; round += 1) {
      if (round % 20 === 0) this.takeOver();
      await this.attempt((part) => this.log(part, 50));
      await this.attempt((part) => this.retry(part));
      await this.attempt((part) => part.save());
      this.nowMs += LEASE_MS;
    }
  }

  private append({ key: own, topic: target, refusals, isNone }: Extract<Action, { do: 'append' }>): void {
    const [message] = this.outbox.add(1, { key: own, topic: target, ...(isNone ? { payload: '{' } : {}) });
    this.refusals.set(message?.eventId, refusals);
  }

  private isRefused(eventId: unknown): boolean {
    const left = this.refusals.get(eventId) ?? 0;
    if (left > 0) this.refusals.set(eventId, left - 1);
    return left > 0;
  }

  private crashIn(steps: number): void {
    let left = steps;
    mockOnFault = () => {
      left -= 1;
      if (left === 0) throw new Error('a crash');
    };
  }

  private takeOver(): void {
    this.zombie = this.part ?? this.zombie;
    this.part = undefined;
    this.epoch += 1n;
  }

  private async actAsZombie(): Promise<void> {
    const { zombie } = this;
    if (zombie === undefined || zombie.lease.epoch === this.epoch) return;
    const acting = this.log(zombie, 5).then(() => this.retry(zombie));
    await acting.catch((error: unknown) => this.accept(error));
  }

  private lose(target: OutboxTopic): void {
    for (const name of [target, companionKey(target, 'mark:0'), companionKey(target, 'retried')])
      this.server.delete(name);
  }

  private decide(skips: boolean): void {
    for (const row of this.outbox.retries.rows) {
      if (row.state !== 'dead') continue;
      if (skips) row.state = 'skipped';
      else Object.assign(row, { state: 'open', attempts: 0, deliveries: 0, dueAtMs: this.nowMs });
    }
  }

  private async log(part: Part, batch: number): Promise<void> {
    part.hold(this.held);
    const found = (await this.tools.table.read([{ cursor: part.cursor, after: part.upTo }], batch)).get(0);
    if (found?.inPlace === false) this.part = undefined;
    else if (found !== undefined && (await part.publish(found.messages)).rewound) this.part = undefined;
  }

  private async retry(part: Part): Promise<void> {
    for (let turns = 0; turns < 3 && this.part === part; turns += 1) {
      const [due] = await this.lane.look([part]);
      if (due !== undefined && (await this.lane.turn(due)).rewound) this.part = undefined;
      this.nowMs += 20;
    }
  }

  private async attempt(work: (part: Part) => Promise<void>): Promise<void> {
    try {
      this.part ??= await Part.claim(this.tools, { name: 'outbox:part:0', epoch: this.epoch }, 0);
      await work(this.part);
    } catch (error) {
      this.part = undefined;
      this.accept(error);
    }
  }

  private accept(error: unknown): void {
    const isExpected = ['LEASE_LOST', 'REDIS_UNREACHABLE'] as const;
    if (isExpected.some((code) => hasCode(error, code))) return;
    if (!(error instanceof Error) || error.message !== 'a crash') throw error;
  }
}

/** `topic key` of an entry, with its number in the outbox. */
async function entriesOf(world: World): Promise<{ stream: OutboxTopic; key: string; number: number }[]> {
  const all = await Promise.all(
    OUTBOX_TOPICS.map(async (stream) => {
      const entries = await world.streams.range(stream, '-', '+', 10_000);
      return entries.map((entry) => {
        const number = Number((textFields(entry)['event_id'] ?? '').replace('event ', ''));
        return { stream, key: world.outbox.messages[number - 1]?.key ?? '', number };
      });
    }),
  );
  return all.flat();
}

async function expectWhole(world: World): Promise<void> {
  const entries = await entriesOf(world);
  const last = new Map<string, number>();
  for (const { stream, key: own, number } of entries) {
    const place = `${stream} ${own}`;
    if (number <= (last.get(place) ?? 0)) throw new Error(`${place}: ${number} behind ${last.get(place)}`);
    last.set(place, number);
  }
  const out = new Set(entries.map(({ number }) => number));
  const dead = new Map<string, number>();
  for (const { state, message } of world.outbox.retries.rows) {
    const number = Number(message.eventId.replace('event ', ''));
    if (state === 'dead') dead.set(message.key, Math.min(number, dead.get(message.key) ?? number));
  }
  for (const [index, message] of world.outbox.messages.entries()) {
    const number = index + 1;
    const row = world.outbox.retries.rows.find(({ message: { eventId } }) => eventId === message.eventId);
    const isBehindDead = row?.state === 'open' && number > (dead.get(message.key) ?? number);
    // Out or not: it may have gone out, and the answer been lost, before what holds it came in front of it.
    if (isBehindDead) continue;
    const isAway = row?.state === 'skipped' || row?.state === 'dead';
    if (out.has(number) === isAway)
      throw new Error(`${number} is ${row?.state ?? 'of the log lane'} and ${isAway ? 'out' : 'not out'}`);
  }
  expect(world.outbox.behind()).toEqual([]);
}

afterEach(() => {
  mockOnFault = () => undefined;
});

describe('Both lanes of a part', () => {
  it('publish each key in its order, lose nothing and double nothing, or hold the key of what was given up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), async (actions) => {
        const world = new World();
        for (const next of actions) await world.run(next);
        await world.finish();
        await expectWhole(world);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});
