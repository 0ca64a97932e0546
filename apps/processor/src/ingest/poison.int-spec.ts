import { DatabaseError } from 'pg';
import { Registry } from 'prom-client';
import { OdographError } from '@app/common/errors';
import { LeaseTable } from '@app/common/leases';
import { rawFields, type StreamEntry, text } from '@app/common/streams';
import { eventually } from '@app/common/testing';
import { type SinkEntry, type SinkService } from '../sink';
import { run, sinkOf } from '../sink.testing';
import { at, imeiOf, ingestSuite } from './ingest-suite.testing';
import { frameOf, LEASE_TIME_MS, START_MS, streamOf, withVerbs } from './ingest.testing';

const suite = ingestSuite();
const { started, send, stored, allAcked, deadLetters, positions } = suite;

const POISON_M = 666;
const frames = (count: number, poisoned: readonly number[]): Buffer =>
  frameOf(
    ...Array.from({ length: count }, (_, index) => ({
      timestampMs: START_MS + index * 1000,
      ...(poisoned.includes(index) ? { altitudeM: POISON_M } : {}),
    })),
  );

const named = (letter: StreamEntry, ...fields: string[]): (string | undefined)[] =>
  fields.map((field) => text(letter, field));

async function withConstraint(work: () => Promise<void>): Promise<void> {
  await run(
    suite.admin,
    `ALTER TABLE telemetry.position ADD CONSTRAINT spec_poison CHECK (altitude_m <> ${POISON_M}) NOT VALID`,
  );
  try {
    await work();
  } finally {
    await run(suite.admin, 'ALTER TABLE telemetry.position DROP CONSTRAINT IF EXISTS spec_poison');
  }
}

/** A sink that asks before each transaction; what it is given is thrown. */
function sinkThat(refuses: (entries: readonly SinkEntry[]) => Error | undefined): SinkService {
  const sink = sinkOf({ database: suite.database });
  const write: SinkService['write'] = async (entries, fence) => {
    const error = refuses(entries);
    if (error !== undefined) throw error;
    return sink.write(entries, fence);
  };
  return new Proxy(sink, {
    get: (target, name): unknown => (name === 'write' ? write : Reflect.get(target, name)),
  });
}

const recordsOf = (entries: readonly SinkEntry[]) => entries.flatMap(({ records }) => [...records]);
const sqlError = (code: string): DatabaseError =>
  Object.assign(new DatabaseError('refused', 7, 'error'), { code });

describe('a record that the database refuses', () => {
  it('stands alone in the end: what is left of its frame and of the batch is stored', () =>
    withConstraint(async () => {
      const frame = frames(7, [2, 5]);
      const id = await send(imeiOf(1), frame);
      await Promise.all([2, 3, 4].map((number) => send(imeiOf(number), frames(3, []))));
      await started();
      await stored(5 + 9);
      await allAcked();
      const letters = await deadLetters();
      expect(
        letters.map((letter) => named(letter, 'source_id', 'record_index', 'error_code', 'attempts')),
      ).toEqual([
        [id, '2', 'RECORD_REJECTED', '1'],
        [id, '5', 'RECORD_REJECTED', '1'],
      ]);
      for (const letter of letters) {
        expect(rawFields(letter)['frame']).toEqual(frame);
        expect(text(letter, 'error_message')).toContain('SQLSTATE 23514, constraint spec_poison');
      }
    }));

  it('is either stored or parked, whatever changes between its commit and its ack', () =>
    withConstraint(async () => {
      let isCut = true;
      const cut = withVerbs(suite.streams, {
        deadLetter: async (request) => {
          if (!isCut) return suite.streams.deadLetter(request);
          isCut = false;
          // The rest of its frame is stored by now, and the reason to refuse it goes away.
          await run(suite.admin, 'ALTER TABLE telemetry.position DROP CONSTRAINT spec_poison');
          throw new OdographError('REDIS_UNREACHABLE');
        },
      });
      await send(imeiOf(1), frames(4, [1]));
      await started({ streams: cut });
      await stored(4);
      await allAcked();
      expect(await deadLetters()).toEqual([]);
    }));

  it('stays parked when its entry is read again after a restore, though it would pass by now', () =>
    withConstraint(async () => {
      const imei = imeiOf(1);
      const first = await started();
      await send(imei, frames(4, [1]));
      await stored(3);
      await allAcked();
      await first.stop();
      await run(suite.admin, 'ALTER TABLE telemetry.position DROP CONSTRAINT spec_poison');
      await run(suite.admin, 'DELETE FROM telemetry.position');
      const note = `${streamOf(imei)}:note`;
      const kept = (await suite.streams.commands.run(note, (redis) => redis.get(note))) ?? '';
      await suite.streams.commands.run(note, (redis) => redis.set(note, kept.replace(/^\d+/, '1')));
      await started();
      await stored(3);
      await send(imei, at(9));
      await stored(4);
      expect((await deadLetters()).map((letter) => text(letter, 'record_index'))).toEqual(['1']);
    }));

  it('older than what is kept is parked as such, and the rest of its frame is stored', async () => {
    const tooOldMs = START_MS - 366 * 86_400_000;
    const id = await send(imeiOf(1), frameOf({ timestampMs: tooOldMs }, { timestampMs: START_MS }));
    const whole = await send(imeiOf(1), frameOf({ timestampMs: tooOldMs }));
    await started();
    await stored(1);
    await allAcked();
    expect(
      (await deadLetters()).map((letter) => named(letter, 'source_id', 'record_index', 'error_code')),
    ).toEqual([
      [id, '0', 'RECORD_EXPIRED'],
      [whole, '0', 'RECORD_EXPIRED'],
    ]);
  });
});

describe("what is no record's fault", () => {
  it('halves a transaction that took too long, and what comes after it', async () => {
    let largest = 0;
    const sink = sinkThat((entries) => {
      if (recordsOf(entries).length > 40) return sqlError('25P04');
      largest = Math.max(largest, recordsOf(entries).length);
      return undefined;
    });
    await send(imeiOf(1), frames(100, []));
    for (let number = 2; number < 12; number += 1) await send(imeiOf(number), frames(10, []));
    await started({ sink });
    await stored(200);
    await allAcked();
    expect(largest).toBeGreaterThan(16);
    expect(await deadLetters()).toEqual([]);
  });

  it('tries an error of our own code so often as is set, and parks only the record that fails alone', async () => {
    const sink = sinkThat((entries) =>
      recordsOf(entries).some(({ altitudeM }) => altitudeM === POISON_M)
        ? new TypeError('x is no function')
        : undefined,
    );
    const id = await send(imeiOf(1), frames(3, [1]));
    await send(imeiOf(2), at(5));
    await started({ sink });
    await stored(3);
    await allAcked();
    const letters = await deadLetters();
    expect(letters.map((letter) => named(letter, 'source_id', 'record_index', 'attempts'))).toEqual([
      [id, '1', '3'],
    ]);
    const [letter] = letters;
    expect(Number(letter && text(letter, 'failed_at'))).toBeGreaterThan(
      Number(letter && text(letter, 'first_failed_at')),
    );
  });

  it('pauses in an outage: nothing is read, no attempt is spent, and the breaker says so', () =>
    withConstraint(async () => {
      const imei = imeiOf(1);
      let isOut = false;
      let probes = 0;
      let reads = 0;
      const refuse = (): Promise<never> => {
        probes += 1;
        return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      };
      const database = new Proxy(suite.database, {
        get: (target, name): unknown => {
          if (isOut && (name === 'query' || name === 'transaction')) return refuse;
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      // It goes out just after a batch was read.
      const streams = withVerbs(suite.streams, {
        readOwned: async (request) => {
          const read = await suite.streams.readOwned(request);
          if (read.kind === 'entries' && read.entries.length > 0) {
            reads += 1;
            isOut = reads === 1;
          }
          return read;
        },
      });
      const registry = new Registry();
      await send(imei, frames(3, [1]));
      const leases = new LeaseTable(suite.database, 'outage/1', LEASE_TIME_MS);
      const { ingest } = await started({ database, streams, registry, leases });
      await eventually(() => probes >= 4, { what: 'several probes' });
      expect(ingest.breaker.state).not.toBe('closed');
      expect(await registry.metrics()).toMatch(/odograph_ingest_breaker_state [12]/);
      expect(ingest.snapshot()['inFlight']).toContainEqual({ [streamOf(imei)]: [expect.any(String)] });
      expect(await positions()).toBe(0);
      expect(reads).toBe(1);
      isOut = false;
      await stored(2);
      await allAcked();
      // What had been read was not read again.
      expect(reads).toBe(1);
      const [letter] = await deadLetters();
      expect(letter && named(letter, 'attempts', 'record_index')).toEqual(['1', '1']);
      expect(await registry.metrics()).toContain('odograph_ingest_breaker_state 0');
    }));
});

describe('a full Redis', () => {
  it('still takes acks and dead letters, so that it empties', () =>
    withConstraint(async () => {
      const { streams } = suite;
      await send(imeiOf(1), frames(4, [2]));
      await send(imeiOf(2), at(1));
      const { usedBytes } = await streams.memory();
      const limit = (bytes: number) =>
        streams.commands.onEach((redis) => redis.config('SET', 'maxmemory', String(bytes)));
      await limit(Math.max(1, Math.floor(usedBytes / 2)));
      try {
        await expect(send(imeiOf(3), at(1))).rejects.toMatchObject({ code: 'STREAM_REFUSED' });
        await started();
        await stored(4);
        await allAcked();
        expect((await deadLetters()).map((letter) => text(letter, 'record_index'))).toEqual(['2']);
      } finally {
        await limit(0);
      }
    }));
});
