import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { companionKey, FLEET_EVENTS, type OutboxDraft, partOf } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { appendBatch } from '@app/common/outbox';
import { RedisStreams } from '@app/common/streams';
import { eventually, type RedisServer, startRedis, testServers } from '@app/common/testing';
import {
  BEHIND,
  databaseOptions,
  deduped,
  fussy,
  inKeyOrder,
  message,
  published,
  Relay,
  type RelayOptions,
  RESET,
  spec,
  TOPICS,
} from './relay.testing';

let mockOnFault: (name: string) => void = () => undefined;
jest.mock('@app/common/observability', () => ({
  ...jest.requireActual<object>('@app/common/observability'),
  fault: (name: string) => mockOnFault(name),
}));

/** From the code itself, so that a new point is crashed at without anybody thinking of it. */
const FAULT_POINTS = [__dirname, join(__dirname, '../retry')]
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .filter((file) => /\/[\w-]+\.ts$/.test(file))
  .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bfault\('([^']+)'\)/g)])
  .map(([, name]) => name ?? '');

const servers = testServers();
const folder = mkdtempSync(join(tmpdir(), 'odograph-relay-spec-'));
const dir = join(folder, 'redis');
let redis: RedisServer;
let admin: Database;
let producer: Database;
let streams: RedisStreams;
let relays: Relay[] = [];

beforeAll(async () => {
  redis = await startRedis({ dir, appendfsync: 'always' });
  admin = new Database(databaseOptions(servers.postgresUrl()));
  producer = new Database(databaseOptions(servers.postgresUrl('odograph_processor')));
  streams = new RedisStreams({ url: redis.url, fsync: 'always', waitReplicas: 0, startupTimeoutMs: 5_000 });
  await streams.start();
});
afterAll(async () => {
  await Promise.all([admin.stop(1_000), producer.stop(1_000), streams.close()]);
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  mockOnFault = () => undefined;
  await cleanUp();
});

async function cleanUp(): Promise<void> {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  for (const statement of RESET) await admin.query(statement);
  await streams.commands.onEach((client) => client.flushall());
}

/** What the store has against an event ends after two refusals: one in each lane, or two of the retry lane. */
const refusals = new Map<unknown, number>();
const FUSSY_KEYS = ['key 3', 'key 7', 'key 12', 'key 18'];
let fussyEvents: ReadonlySet<unknown>;
function refuseKeys(keys: readonly string[]): void {
  refusals.clear();
  fussyEvents = new Set(
    keys.flatMap((key) => Array.from({ length: 12 }, (_, sequence) => message(key, sequence).eventId)),
  );
}
beforeEach(() => refuseKeys(FUSSY_KEYS));

function isRefused(eventId: unknown): boolean {
  const count = refusals.get(eventId) ?? 0;
  if (!fussyEvents.has(eventId) || count >= 2) return false;
  refusals.set(eventId, count + 1);
  return true;
}

async function relay(options: Partial<RelayOptions> = {}): Promise<Relay> {
  const url = servers.postgresUrl('odograph_relay');
  const made = new Relay({ postgresUrl: url, streams: fussy(streams, isRefused), ...options });
  relays.push(made);
  return made.start();
}

const KEYS = Array.from({ length: 20 }, (_, index) => `key ${index}`);
const round = (sequence: number): OutboxDraft[] => KEYS.map((key) => message(key, sequence));
const expectedUpTo = (rounds: number): string[] =>
  KEYS.flatMap((key) => Array.from({ length: rounds }, (_, sequence) => `${key}#${sequence}`)).sort();

async function produce(from: number, to: number): Promise<void> {
  for (let sequence = from; sequence < to; sequence += 1) {
    await producer.transaction((transaction) => appendBatch(transaction, round(sequence)));
  }
}

const drained = (count: number) =>
  eventually(
    async () =>
      deduped(await published(streams)).length >= count &&
      (await admin.query<{ behind: number }>(BEHIND))[0]?.behind === 0,
    { what: `${count} messages to be published`, timeoutMs: 20_000 },
  );

async function expectOnce(rounds: number): Promise<void> {
  await drained(rounds * KEYS.length);
  expect(inKeyOrder(await published(streams))).toEqual(expectedUpTo(rounds));
}

describe('A relay that crashes', () => {
  it.each(FAULT_POINTS)(
    'at %s: another one loses nothing and doubles nothing',
    async (point) => {
      const victim = await relay();
      await produce(0, 2);
      let crashes = 0;
      const alarm = (name: string): void => {
        if (name !== point || crashes > 0) return;
        crashes += 1;
        victim.crash();
        throw new Error(`crash at ${name}`);
      };
      if (point === 'drain.between-claims') await drained(2 * KEYS.length);
      mockOnFault = alarm;
      // Some points are passed at a take-over only.
      for (const lease of victim.ownership.usable()) victim.ownership.lost(lease);
      await produce(2, 4);
      await eventually(() => crashes > 0, { what: `the relay to pass ${point}` });
      await relay();
      await produce(4, 6);
      await expectOnce(6);
    },
    30_000,
  );

  it('knows of the points that there are', () => {
    expect(FAULT_POINTS).toEqual(
      expect.arrayContaining(['drain.after-publish', 'drain.before-cursor-commit', 'retry.after-publish']),
    );
    expect(new Set(FAULT_POINTS).size).toBe(FAULT_POINTS.length);
  });

  it.each(FAULT_POINTS)(
    'at %s again and again, but lives: the step is repeated',
    async (point) => {
      await relay();
      let passes = 0;
      mockOnFault = (name) => {
        if (name === point && (passes += 1) % 3 === 0) throw new Error(`failure at ${name}`);
      };
      await produce(0, 6);
      await expectOnce(6);
    },
    30_000,
  );
});

describe('Relays that come and go, with refusals by chance', () => {
  const event = fc.constantFrom('produce', 'produce', 'crash', 'join', 'loseLeases', 'loseStreams');
  const chance = fc.record({
    events: fc.array(event, { minLength: 4, maxLength: 10 }),
    refused: fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 10 }),
  });

  it('publish each key in its order, once', async () => {
    await fc.assert(
      fc.asyncProperty(chance, async ({ events, refused }) => {
        refuseKeys(refused);
        let rounds = 0;
        await Promise.all([relay(), relay()]);
        for (const each of events) {
          const alive = relays.filter(({ database }) => !database.dead);
          if (each === 'produce') await produce(rounds, (rounds += 1));
          else if (each === 'join') await relay();
          else if (each === 'crash') alive[0]?.crash();
          else if (each === 'loseStreams') await streams.commands.onEach((client) => client.flushall());
          else for (const one of alive) one.ownership.usable().forEach((lease) => one.ownership.lost(lease));
        }
        await relay();
        await produce(rounds, (rounds += 1));
        await expectOnce(rounds);
        await cleanUp();
      }),
      { numRuns: 6, endOnFailure: true },
    );
  }, 120_000);
});

describe('A Redis that lost something', () => {
  const markKeys = TOPICS.flatMap((topic) =>
    Array.from({ length: 16 }, (_, part) => companionKey(topic, `mark:${part}`)),
  );

  it('its marks: a consumer that dedupes sees each message once and in order, and the next ones come once', async () => {
    await relay();
    await produce(0, 3);
    await drained(3 * KEYS.length);
    await streams.commands.onEach((client) => client.del(...markKeys));
    await produce(3, 6);
    await drained(6 * KEYS.length);
    const entries = await published(streams);
    expect(inKeyOrder(deduped(entries))).toEqual(expectedUpTo(6));
    expect(entries.length).toBeGreaterThan(6 * KEYS.length);
  });

  it('everything: the streams are filled again from what the outbox keeps', async () => {
    await relay();
    await produce(0, 3);
    await drained(3 * KEYS.length);
    await streams.commands.onEach((client) => client.flushall());
    await produce(3, 4);
    await expectOnce(4);
  });

  it('the end of its append-only file, with the relay running: the cursor goes back and fills the gap', async () => {
    const [running] = [await relay()];
    await produce(0, 3);
    await drained(3 * KEYS.length);
    await redis.stop();
    cpSync(dir, join(folder, 'older'), { recursive: true });
    redis = await startRedis({ dir, port: redis.port, appendfsync: 'always' });
    await produce(3, 6);
    await drained(6 * KEYS.length);
    const seenByReader = await published(streams);
    await redis.stop();
    rmSync(dir, { recursive: true });
    cpSync(join(folder, 'older'), dir, { recursive: true });
    redis = await startRedis({ dir, port: redis.port, appendfsync: 'always' });
    await produce(6, 8);
    await drained(8 * KEYS.length);
    // The stream is whole, once and in order; who had read the lost tail dedupes what comes again.
    const entries = await published(streams);
    expect(inKeyOrder(entries)).toEqual(expectedUpTo(8));
    expect(inKeyOrder(deduped([...seenByReader, ...entries]))).toEqual(expectedUpTo(8));
    const rewinds = await running?.registry.getSingleMetric('odograph_relay_rewinds_total')?.get();
    expect(rewinds?.values[0]?.value).toBeGreaterThan(0);
  }, 60_000);

  it('the end of its file while no relay ran: the take-over compares and goes back', async () => {
    const first = await relay();
    await produce(0, 2);
    await drained(2 * KEYS.length);
    await redis.stop();
    const older = join(folder, 'older-2');
    cpSync(dir, older, { recursive: true });
    redis = await startRedis({ dir, port: redis.port, appendfsync: 'always' });
    await produce(2, 4);
    await drained(4 * KEYS.length);
    await first.stop();
    relays = [];
    await redis.stop();
    rmSync(dir, { recursive: true });
    cpSync(older, dir, { recursive: true });
    redis = await startRedis({ dir, port: redis.port, appendfsync: 'always' });
    await relay();
    await expectOnce(4);
  }, 60_000);
});

describe('A database that was restored', () => {
  const [key = ''] = KEYS;
  const part = partOf(key);
  const lease = `outbox:part:${part}`;

  async function refused(one: Relay, words: string): Promise<void> {
    await eventually(
      async () => {
        const { status, details } = await one.service.check();
        return status === 'down' && JSON.stringify(details?.[lease] ?? '').includes(words);
      },
      { what: `part ${part} to be refused for ${words}` },
    );
  }

  it('is refused where a mark in Redis names no message', async () => {
    const first = await relay();
    await produce(0, 2);
    await drained(2 * KEYS.length);
    await first.stop();
    relays = [];
    await admin.query(spec('DELETE FROM outbox.message'));
    await admin.query(spec(`UPDATE outbox.cursor SET xid = '0', id = 0, acknowledged = '{}'`));
    const second = await relay();
    await refused(second, 'OUTBOX_CURSOR_AHEAD');
    await produce(2, 3);
    await refused(second, 'names no message');
    expect(await published(streams)).toHaveLength(2 * KEYS.length);
  });

  it('is refused where the cursor is beyond what the server has handed out', async () => {
    await admin.query(spec(`UPDATE outbox.cursor SET generation = 1, xid = '9000000000'`));
    await refused(await relay(), 'the cursor of part');
  });

  it('is refused where Redis knows newer owners than the database, instead of changing hands for ever', async () => {
    for (const stream of TOPICS) await streams.claimMark({ stream, part, epoch: 1_000n });
    const one = await relay();
    await refused(one, 'knows epoch 1000');
    await produce(0, 1);
    await drainedBut(part);
  });

  async function drainedBut(stalled: number): Promise<void> {
    const others = KEYS.filter((each) => partOf(each) !== stalled);
    await eventually(async () => (await published(streams)).length === others.length, {
      what: 'the other parts',
    });
    expect(inKeyOrder(await published(streams))).toEqual(others.map((each) => `${each}#0`).sort());
  }

  it('while the relay runs: it compares anew, instead of skipping what seems to lie behind it', async () => {
    const one = await relay();
    await produce(0, 2);
    await drained(2 * KEYS.length);
    // As the restored copy has it: an older cursor, the same leases, and transaction ids that are handed out again.
    await admin.transaction(async (transaction) => {
      await transaction.query(spec('DELETE FROM outbox.message'));
      await transaction.query(
        spec(`UPDATE outbox.cursor SET generation = 0, xid = '0', id = 0, acknowledged = '{}'`),
      );
      await transaction.query(
        spec(`INSERT INTO outbox.message (generation, xid, part, topic, key, event_id, tenant_id, traceparent, payload)
              VALUES (1, '5', $1, '${FLEET_EVENTS}', 'k', gen_random_uuid(), 'default', 't', '{"imei":"new","payload_json":"0"}')`),
        [part],
      );
    });
    await refused(one, 'OUTBOX_CURSOR_AHEAD');
    expect(await admin.query(BEHIND)).toEqual([{ behind: 1 }]);
  });
});
