import { encodeMark, OUTBOX_TOPICS } from '@app/common/contracts';
import { hasCode } from '@app/common/errors';
import { type Lease, type Ownership } from '@app/common/leases';
import { Loop } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type DuePart, RetryLane, type RetryLaneOptions } from '../retry';
import { type Breaker, isOutage } from './breaker';
import { type PartMessages } from './cursor-table';
import { type DrainMetrics } from './drain.metrics';
import { type HeldTopics } from './held-topics';
import { type Parked } from './parking';
import { type DrainedPart, Part, type PartTools } from './part';
import { partOfLease } from './part-leases';
import { ReadAhead } from './read-ahead';

export interface LaneOptions {
  readonly lane: number;
  readonly lanes: number;
  readonly batch: number;
  readonly pollMs: number;
  readonly tools: Omit<PartTools, 'onRewind' | 'onParked' | 'strategy'>;
  readonly retry: RetryLaneOptions;
  readonly ownership: Pick<Ownership, 'usable' | 'use' | 'lost'>;
  /** One for all lanes of the process. */
  readonly breaker: Breaker;
  readonly heldTopics: Pick<HeldTopics, 'held'>;
  readonly logger: Logger;
  readonly metrics: DrainMetrics;
}

/** First rest after an empty read. Short, since a commit that was notified may stay behind the snapshot for a moment. */
const FIRST_REST_MS = 2;
const MAX_STALL_MS = 5000;
/** How soon a lane looks again that waits for another one's probe. */
const PROBE_REST_MS = 20;
const NOTHING_FOUND: PartMessages = { inPlace: true, messages: [] };

interface Stall {
  readonly error: unknown;
  readonly untilMs: number;
  readonly failures: number;
}

/** Drains some of the parts, one step after the other: a part is never twice under way, which is what keeps its order. */
export class DrainLane {
  readonly loop: Loop;
  private readonly parts = new Map<string, Part>();
  private readonly stalls = new Map<string, Stall>();
  private readonly tools: PartTools;
  private readonly retries: RetryLane;
  private readonly reading: ReadAhead;
  private restMs = FIRST_REST_MS;

  constructor(private readonly options: LaneOptions) {
    const { metrics, logger } = options;
    this.retries = new RetryLane(options.retry);
    this.reading = new ReadAhead(options.tools.table, options.batch, logger);
    this.tools = {
      ...options.tools,
      strategy: options.retry.strategy,
      onParked: (part, parked) => this.parked(part, parked),
      onRewind: (part, from, to) => {
        metrics.rewinds.inc();
        logger.error({ event: 'outbox_rewound', part, from: encodeMark(from), to: encodeMark(to) });
      },
    };
    this.loop = new Loop({
      name: `relay lane ${options.lane}`,
      logger: options.logger,
      round: () => this.round(),
    });
  }

  /** Parts that do not move, with the reason. */
  stalled(): ReadonlyMap<string, Stall> {
    return this.stalls;
  }

  /** A commit was notified: looks at once, and often for a moment, since its snapshot may lag behind it. */
  wake(): void {
    this.restMs = FIRST_REST_MS;
    this.loop.wake();
  }

  /** Once the loop has stopped: what is out need not be read again by the next owner. */
  async settle(): Promise<void> {
    const parts = [...this.parts.values()];
    await this.options.ownership.use(
      parts.map(({ lease }) => lease),
      (usable) => this.save(parts.filter(({ lease }) => usable.some(({ name }) => name === lease.name))),
    );
  }

  private async round(): Promise<number> {
    const { ownership, breaker, lane, lanes } = this.options;
    const leases = ownership.usable().filter(({ name }) => partOfLease(name) % lanes === lane);
    this.forget(leases);
    const due = leases.filter(({ name }) => this.stalledForMs(name) <= 0);
    const admitted = breaker.admit(due);
    const passed = await ownership
      .use(admitted, (usable) => this.drain(usable))
      .finally(() => breaker.release(admitted));
    this.restMs = passed > 0 ? FIRST_REST_MS : Math.min(this.options.pollMs, this.restMs * 2);
    if (passed > 0) return 0;
    if (breaker.state !== 'closed') return Math.max(PROBE_REST_MS, breaker.restMs);
    const stalls = [...this.stalls.keys()].map((name) => Math.max(1, this.stalledForMs(name)));
    const looks = this.parts.size === 0 ? [] : [Math.max(1, this.retries.restMs)];
    const saves = [...this.parts.values()].flatMap(({ saveInMs }) => saveInMs ?? []);
    return Math.min(this.restMs * (0.75 + Math.random() / 2), ...stalls, ...looks, ...saves);
  }

  private stalledForMs(name: string): number {
    return (this.stalls.get(name)?.untilMs ?? 0) - performance.now();
  }

  /** Drops what belongs to leases that are gone or were acquired anew: their marks must be claimed again. */
  private forget(leases: readonly Lease[]): void {
    const epochs = new Map(leases.map(({ name, epoch }) => [name, epoch]));
    for (const [name, part] of this.parts) if (epochs.get(name) !== part.lease.epoch) this.parts.delete(name);
    for (const name of this.stalls.keys()) if (!epochs.has(name)) this.stalls.delete(name);
  }

  private async drain(leases: readonly Lease[]): Promise<number> {
    const claims = await Promise.all(leases.map((lease) => this.attempt(lease, () => this.claimed(lease))));
    const parts = claims.filter((part) => part !== undefined);
    if (parts.length === 0) return 0;
    for (const part of parts) part.hold(this.options.heldTopics.held);
    const found = await this.reading.read(parts);
    this.reading.begin(parts, found);
    const steps = parts.map((part) => this.attempt(part.lease, () => this.step(part, found)));
    const counts = [...(await Promise.all(steps)), await this.retry(parts)];
    await this.save(parts.filter(({ saveInMs }) => saveInMs === 0));
    // Both lanes of these had their turn without a failure.
    for (const part of parts) if (this.isKnown(part)) this.stalls.delete(part.lease.name);
    return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  /** The retry lane's turn, behind that of the log lane: a part that failed or went back there has none. */
  private async retry(parts: readonly Part[]): Promise<number> {
    if (this.retries.restMs > 0) return 0;
    const due = await this.retries.look(parts.filter((part) => this.isKnown(part)));
    const turns = due.map((each) => this.attempt(each.part.lease, () => this.turn(each)));
    const counts = await Promise.all(turns);
    return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  private async turn(due: DuePart<Part>): Promise<number> {
    const { claimed, rewound } = await this.retries.turn(due);
    if (claimed > 0) this.options.breaker.succeeded(true);
    if (rewound) this.parts.delete(due.part.lease.name);
    return claimed;
  }

  /** Of those that had no message by now, or whose cursor a failure has not reached. */
  private async save(parts: readonly Part[]): Promise<void> {
    const known = parts.filter((part) => this.isKnown(part));
    await Promise.all(known.map((part) => this.attempt(part.lease, () => part.save())));
  }

  private isKnown(part: Part): boolean {
    return this.parts.get(part.lease.name) === part;
  }

  private async claimed(lease: Lease): Promise<Part> {
    const known = this.parts.get(lease.name);
    if (known !== undefined) return known;
    const part = await Part.claim(this.tools, lease, partOfLease(lease.name));
    this.parts.set(lease.name, part);
    this.options.breaker.succeeded(false);
    this.retries.lookWithin(0);
    return part;
  }

  /** Publishes what was found of one part; answers with more than 0 where the next round has something to do. */
  private async step(part: Part, found: ReadonlyMap<number, PartMessages>): Promise<number> {
    const { name } = part.lease;
    const { inPlace, messages } = found.get(part.cursor.part) ?? NOTHING_FOUND;
    if (!inPlace) {
      this.parts.delete(name);
      this.options.logger.warn({ event: 'outbox_cursor_moved', lease: name });
      return 1;
    }
    const done = await part.publish(messages);
    if (done.added.size > 0) this.options.breaker.succeeded(true);
    this.count(done);
    if (!done.rewound) return done.passed;
    this.parts.delete(name);
    return messages.length;
  }

  private count({ published, added, skipped }: DrainedPart): void {
    const { metrics } = this.options;
    for (const [topic, count] of added) metrics.published.inc({ topic, result: 'added' }, count);
    for (const [topic, count] of skipped) metrics.published.inc({ topic, result: 'skipped' }, count);
    const now = Date.now();
    for (const { topic, createdAt } of published)
      metrics.lag.observe({ topic }, (now - createdAt.getTime()) / 1000);
  }

  private parked(part: number, parked: readonly Parked[]): void {
    const { metrics, logger } = this.options;
    for (const { reason, waitMs, message, error } of parked) {
      this.retries.lookWithin(waitMs);
      const topic = OUTBOX_TOPICS.find((name) => name === message.topic) ?? 'unknown';
      metrics.parked.inc({ topic, reason });
      if (reason === 'behind') continue;
      logger.error({ event: 'outbox_message_parked', part, topic, reason, eventId: message.eventId, error });
    }
  }

  /** Runs a step of one part; a failure stalls that part for a while and no other. */
  private async attempt<Result>(lease: Lease, step: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await step();
    } catch (error) {
      // Whatever the outcome was, the marks are claimed and compared again before the next step.
      this.parts.delete(lease.name);
      if (hasCode(error, 'LEASE_LOST')) this.options.ownership.lost(lease);
      else this.stall(lease.name, error);
      if (isOutage(error)) this.options.breaker.failed(error);
      return undefined;
    }
  }

  private stall(name: string, error: unknown): void {
    const failures = (this.stalls.get(name)?.failures ?? 0) + 1;
    // An outage is the breaker's: every part may go when it closes.
    const restMs = isOutage(error) ? 0 : Math.min(MAX_STALL_MS, 50 * 2 ** Math.min(failures, 10));
    this.stalls.set(name, { error, failures, untilMs: performance.now() + restMs });
    const reason = hasCode(error, 'OUTBOX_CURSOR_AHEAD') ? 'cursor_ahead' : 'failed';
    this.options.metrics.refusals.inc({ reason });
    this.options.logger.error({ event: 'outbox_part_stalled', lease: name, failures, restMs, err: error });
  }
}
