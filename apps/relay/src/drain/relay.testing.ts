import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { Registry } from 'prom-client';
import { FLEET_EVENTS, intentMessageId, OUTBOX_TOPICS, type OutboxDraft } from '@app/common/contracts';
import { Database, type DatabaseOptions, statement, type Statement } from '@app/common/database';
import { LeaseTable, Ownership } from '@app/common/leases';
import { Metrics, newTraceparent } from '@app/common/observability';
import { fleetEventMessage } from '@app/common/outbox';
import { type FieldValue, type OncePublisher, type StreamInspector, text } from '@app/common/streams';
import { type RetryLimits, retryMetrics, RetryTable } from '../retry';
import { SHORT_RETRIES } from '../memory-retries.testing';
import { Breaker } from './breaker';
import { CursorTable } from './cursor-table';
import { drainMetrics } from './drain.metrics';
import { DrainService } from './drain.service';
import { HeldTopics } from './held-topics';
import { DrainLane } from './lane';
import { PART_LEASES } from './part-leases';
import { OutboxWatch } from './watch';

/** Helpers of the relay's specs. */

export const silent = pino({ level: 'silent' });

export function databaseOptions(url: string): DatabaseOptions {
  return { url, poolSize: 6, applicationName: 'relay-spec', startupTimeoutMs: 5_000, logger: silent };
}

let statements = 0;
const names = new Map<string, string>();

/** A statement of a spec, named for it. */
export function spec(sql: string): Statement {
  const name = names.get(sql) ?? `spec_relay_${(statements += 1)}`;
  names.set(sql, name);
  return statement(name, sql);
}

/** Everything that a relay process reaches the world through; dead, nothing of it works any more. */
export class Line extends Database {
  dead = false;
  /** How often the outbox was looked at. */
  reads = 0;

  override query: Database['query'] = (each, params) => {
    if (each.name === 'drain.read-messages') this.reads += 1;
    return this.dead ? Promise.reject(new Error('the process is gone')) : super.query(each, params);
  };

  override transaction: Database['transaction'] = (work) =>
    this.dead ? Promise.reject(new Error('the process is gone')) : super.transaction(work);
}

export interface RelayOptions {
  readonly postgresUrl: string;
  readonly streams: OncePublisher;
  readonly leaseTimeMs?: number;
  readonly pollMs?: number;
  readonly batch?: number;
  readonly limits?: RetryLimits;
  /** Where lengths and memory are read; nowhere when absent. */
  readonly inspector?: Pick<StreamInspector, 'info' | 'memory'>;
  readonly streamLimit?: number;
  /** 0 when absent: specs look at cursors as soon as something is in its stream. */
  readonly saveEveryMs?: number;
}

const NOTHING_TO_SEE: Pick<StreamInspector, 'info' | 'memory'> = {
  info: () => Promise.resolve(undefined),
  memory: () => Promise.resolve({ usedBytes: 0, maxBytes: 0 }),
};

/** One relay process, without Nest around it. */
export class Relay {
  readonly database: Line;
  readonly ownership: Ownership;
  readonly service: DrainService;
  readonly watch: OutboxWatch;
  readonly registry = new Registry();

  constructor(options: RelayOptions) {
    const {
      postgresUrl,
      streams,
      leaseTimeMs = 500,
      pollMs = 25,
      batch = 7,
      limits = SHORT_RETRIES,
      streamLimit = 0,
      saveEveryMs = 0,
    } = options;
    const database = new Line(databaseOptions(postgresUrl));
    this.database = database;
    const ownership: Ownership = new Ownership(
      new LeaseTable(database, `spec/${randomUUID()}`, leaseTimeMs),
      {
        ...{ app: 'relay', resources: PART_LEASES, leaseTimeMs, logger: silent },
        onChange: () => this.service.wake(),
      },
    );
    this.ownership = ownership;
    const publisher: OncePublisher = {
      claimMark: (request) => this.alive(() => streams.claimMark(request)),
      publishMarked: (request) => this.alive(() => streams.publishMarked(request)),
      publishRetried: (request) => this.alive(() => streams.publishRetried(request)),
      publishOnce: (request) => this.alive(() => streams.publishOnce(request)),
    };
    const retries = new RetryTable(database);
    const table = new CursorTable(database);
    const tools = { database, table, retries, ownership, streams: publisher, saveEveryMs };
    const catalog = new Metrics(this.registry);
    const metrics = drainMetrics(catalog);
    const retry = {
      ...{ ...limits, table: retries, pollMs, leaseTimeMs, batch },
      ...{ metrics: retryMetrics(catalog), logger: silent },
    };
    const breaker: Breaker = new Breaker((state) => state === 'closed' && this.service.wake());
    const heldTopics = new HeldTopics({
      ...{ database, streams: options.inspector ?? NOTHING_TO_SEE, streamLimit, memoryPercent: 90, pollMs },
      ...{ metrics, logger: silent },
    });
    this.watch = new OutboxWatch({ database, retries, ownership, leaseTimeMs, metrics, logger: silent });
    const shared = {
      lanes: 2,
      batch,
      pollMs,
      retry,
      ownership,
      breaker,
      heldTopics,
      logger: silent,
      metrics,
    };
    const lanes = [0, 1].map((lane) => new DrainLane({ ...shared, lane, tools }));
    this.service = new DrainService(database, ownership, lanes, breaker, heldTopics, this.watch);
  }

  async start(): Promise<this> {
    await this.ownership.start();
    await this.service.start();
    return this;
  }

  /** Nothing that this process says reaches anybody any more; its leases expire. */
  crash(): void {
    this.database.dead = true;
  }

  async stop(): Promise<void> {
    await this.service.stop();
    this.database.dead = false;
    await this.ownership.stop(1_000);
    await this.database.stop(1_000);
  }

  private alive<Result>(call: () => Promise<Result>): Promise<Result> {
    return this.database.dead ? Promise.reject(new Error('the process is gone')) : call();
  }
}

/** A store that has something against some events: it names them as refused, in whichever lane they come. */
export function fussy(
  streams: OncePublisher,
  isRefused: (eventId: FieldValue | undefined) => boolean,
): OncePublisher {
  const words = 'ERR not this one';
  return {
    claimMark: (request) => streams.claimMark(request),
    publishOnce: (request) => streams.publishOnce(request),
    publishMarked: async (request) => {
      const index = request.messages.findIndex(({ fields }) => isRefused(fields['event_id']));
      if (index < 0) return streams.publishMarked(request);
      const answer = await streams.publishMarked({ ...request, messages: request.messages.slice(0, index) });
      return answer.kind === 'published' ? { ...answer, kind: 'refused', index, message: words } : answer;
    },
    publishRetried: async (request) => {
      const index = request.messages.findIndex(({ fields }) => isRefused(fields['event_id']));
      if (index < 0) return streams.publishRetried(request);
      const answer = await streams.publishRetried({ ...request, messages: request.messages.slice(0, index) });
      return answer.kind === 'published' ? { ...answer, kind: 'refused', index, message: words } : answer;
    },
  };
}

/** A message of one device; `sequence` counts within the key. */
export function message(key: string, sequence: number): OutboxDraft {
  return fleetEventMessage(
    {
      key,
      eventId: intentMessageId('spec', `${key}#${sequence}`),
      tenantId: 'default',
      traceparent: newTraceparent(),
    },
    {
      kind: 'overspeed.started',
      device_id: '1',
      imei: key,
      tenant_id: 'default',
      occurred_at_ms: '1700000000000',
      payload_json: JSON.stringify({ sequence }),
    },
  );
}

export interface Published {
  readonly eventId: string;
  readonly key: string;
  readonly sequence: number;
}

/** All that stands in a stream, oldest first. */
export async function published(streams: StreamInspector, stream = FLEET_EVENTS): Promise<Published[]> {
  const entries = await streams.range(stream, '-', '+', 100_000);
  return entries.map((entry) => ({
    eventId: text(entry, 'event_id') ?? '',
    key: text(entry, 'imei') ?? '',
    sequence: Number(/\d+/.exec(text(entry, 'payload_json') ?? '')?.[0]),
  }));
}

/** What a consumer that dedupes by event id keeps: the first of each. */
export function deduped(entries: readonly Published[]): Published[] {
  return [...new Map([...entries].reverse().map((entry) => [entry.eventId, entry])).values()].reverse();
}

/** `key#sequence` of each, and a failure where a key's sequence goes down. */
export function inKeyOrder(entries: readonly Published[]): string[] {
  const last = new Map<string, number>();
  for (const { key, sequence } of entries) {
    if (sequence <= (last.get(key) ?? -1)) throw new Error(`${key}: ${sequence} came after ${last.get(key)}`);
    last.set(key, sequence);
  }
  return entries.map(({ key, sequence }) => `${key}#${sequence}`).sort();
}

export const BEHIND = spec(
  `SELECT count(*)::integer AS behind FROM outbox.message AS message JOIN outbox.cursor AS cursor USING (part)
   WHERE (message.generation, message.xid, message.id) > (cursor.generation, cursor.xid, cursor.id)`,
);
export const RESET = [
  'TRUNCATE outbox.message, outbox.retry, outbox.dead_letter, ops.lease',
  `UPDATE outbox.cursor SET generation = 0, xid = '0', id = 0, acknowledged = '{}'`,
].map(spec);
export const TOPICS = OUTBOX_TOPICS;
