import { type QueryResultRow } from 'pg';
import { PROCESSOR_GROUP, shardLeaseName, shardOf } from '@app/common/contracts';
import { Database, type Statement } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { LeaseTable } from '@app/common/leases';
import { rawFields, text } from '@app/common/streams';
import { eventually, signal } from '@app/common/testing';
import { legacyFrame } from '../legacy.testing';
import { quiet, run } from '../sink.testing';
import { decodeNote } from './store-position';
import { at, imeiOf, ingestSuite } from './ingest-suite.testing';
import {
  frameOf,
  type Instance,
  LEASE_TIME_MS,
  SHARDS,
  START_MS,
  streamOf,
  withVerbs,
} from './ingest.testing';

const suite = ingestSuite();
const { started, send, positions, stored, pending, allAcked, deadLetters } = suite;

/** Knows which statements were asked for outside of a transaction. */
class WatchedDatabase extends Database {
  readonly asked: string[] = [];

  override query<Row extends QueryResultRow>(
    one: Statement,
    params: readonly unknown[] = [],
  ): Promise<Row[]> {
    this.asked.push(one.name);
    return super.query<Row>(one, params);
  }
}

describe('the way in', () => {
  it('notes with each ack where the log stood behind the commit, and asks for it with the commit', async () => {
    const watched = new WatchedDatabase({
      url: suite.databaseUrl,
      ...{ poolSize: 4, applicationName: 'processor-spec', startupTimeoutMs: 5000, logger: quiet },
    });
    const imei = imeiOf(3);
    const noted = async () => decodeNote((await suite.streams.ownedState(streamOf(imei))).note ?? '')?.lsn;
    try {
      const instance = await started({ database: watched });
      const places: bigint[] = [];
      for (const second of [1, 2, 3]) {
        if (second === 2) watched.asked.length = 0;
        await send(imei, at(second));
        await stored(second);
        await allAcked();
        places.push((await noted()) ?? 0n);
      }
      expect(places).toEqual([...places].sort((a, b) => (a < b ? -1 : 1)));
      expect(new Set(places).size).toBe(3);
      expect(watched.asked).not.toContain('ingest_store-position');
      await instance.stop();
    } finally {
      await watched.stop(1000);
    }
  });

  it('stores what comes in any shard and acknowledges it, and stops with nothing left half-way', async () => {
    const instance = await started();
    await eventually(() => instance.ingest.ownedStreams().length === SHARDS, { what: 'all shards' });
    const imeis = Array.from({ length: 12 }, (_, number) => imeiOf(number));
    await Promise.all(imeis.map((imei) => send(imei, frameOf({}, { timestampMs: START_MS + 1000 }))));
    await stored(24);
    await allAcked();
    await Promise.all(imeis.map((imei) => send(imei, at(7))));
    await instance.stop();
    expect(await pending()).toBe(0);
    expect(await deadLetters()).toEqual([]);
  });

  it('stores records of codec 7 like the others, once', async () => {
    await started();
    const imei = imeiOf(7);
    const place = {
      latitude: 54.5,
      longitude: 25.25,
      altitudeM: 9,
      angle256: 64,
      speedKmh: 50,
      satellites: 9,
    };
    const frame = legacyFrame({ timestampMs: START_MS, place }, { timestampMs: START_MS + 1000 });
    await send(imei, frame);
    await send(imei, frame);
    await stored(2);
    await allAcked();
    const rows = await run(
      suite.admin,
      'SELECT longitude, latitude, speed_kmh, fix_valid, codec, flags FROM telemetry.position ORDER BY time',
    );
    expect(rows).toEqual([
      { longitude: 252_500_000, latitude: 545_000_000, speed_kmh: 50, fix_valid: true, codec: 7, flags: 0 },
      { longitude: 0, latitude: 0, speed_kmh: null, fix_valid: false, codec: 7, flags: 0 },
    ]);
    expect(await positions()).toBe(2);
    expect(await deadLetters()).toEqual([]);
  });

  it('takes a speed that codec 7 leaves out for unknown: no row says 0, and no rule takes it for slow', async () => {
    const instance = await started();
    await run(
      suite.admin,
      `INSERT INTO telemetry.rule (name, kind, settings, valid_from)
       VALUES ('limit', 'overspeed', '{"limit_kmh": 80}', 'epoch')`,
    );
    const imei = imeiOf(8);
    const drive = (second: number, speedKmh: number | undefined) => ({
      timestampMs: START_MS + second * 1000,
      place: { latitude: 54.5, longitude: 25.25, altitudeM: 9, angle256: 64, speedKmh, satellites: 9 },
    });
    await send(imei, legacyFrame(drive(0, undefined), drive(10, 90), drive(20, undefined), drive(40, 95)));
    await stored(4);
    await allAcked();
    // Late: what is behind it is folded again from the rows.
    await send(imei, legacyFrame(drive(5, undefined)));
    await stored(5);
    await allAcked();
    await instance.stop();
    const decoded = await run(
      suite.admin,
      'SELECT speed_kmh, fix_valid FROM telemetry.position_decoded ORDER BY time',
    );
    const speeds = [null, null, 90, null, 95];
    expect(decoded).toEqual(speeds.map((speed_kmh) => ({ speed_kmh, fix_valid: true })));
    const events = await run(suite.admin, 'SELECT kind, speed_kmh, retracted_at FROM telemetry.event');
    expect(events).toEqual([{ kind: 'overspeed.started', speed_kmh: 90, retracted_at: null }]);
  });

  it('parks what does not decode, with its bytes, and goes on', async () => {
    await started();
    const imei = imeiOf(1);
    const broken = at(2);
    broken.writeUInt8(9, 9);
    const id = await send(imei, broken);
    await send(imei, at(3));
    await stored(1);
    const [letter, ...others] = await eventually(
      async () => (await deadLetters()).length > 0 && (await deadLetters()),
      {
        what: 'the dead letter',
      },
    );
    expect(others).toEqual([]);
    const { frame, ...fields } = rawFields(letter ?? { id: '', fields: new Map() });
    expect(frame).toEqual(broken);
    expect(
      Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value.toString()])),
    ).toEqual({
      v: '1',
      traceparent: expect.any(String) as string,
      imei,
      transport: 'tcp',
      received_at: String(START_MS + 1000),
      peer: '127.0.0.1:50000',
      source_stream: streamOf(imei),
      source_id: id,
      error_code: 'FRAME_UNDECODABLE',
      error_message: expect.stringMatching(/COUNT_MISMATCH|CRC_MISMATCH/) as string,
      attempts: '1',
      first_failed_at: expect.stringMatching(/^\d{13}$/) as string,
      failed_at: expect.stringMatching(/^\d{13}$/) as string,
      app_version: expect.any(String) as string,
    });
    await allAcked();
  });

  it('finds the one entry that the database refuses and parks it alone', async () => {
    await run(
      suite.admin,
      'ALTER TABLE telemetry.position ADD CONSTRAINT spec_poison CHECK (altitude_m <> 666) NOT VALID',
    );
    try {
      const imei = imeiOf(2);
      for (let second = 0; second < 10; second += 1) {
        const poison = second === 6 ? { altitudeM: 666 } : {};
        await send(imei, frameOf({ timestampMs: START_MS + second * 1000, ...poison }));
      }
      await started();
      await stored(9);
      await allAcked();
      const letters = await deadLetters();
      expect(letters.map((letter) => [text(letter, 'error_code'), text(letter, 'attempts')])).toEqual([
        ['RECORD_REJECTED', '1'],
      ]);
      expect(letters.map((letter) => text(letter, 'error_message'))).toEqual([
        expect.stringContaining('SQLSTATE 23514, constraint spec_poison'),
      ]);
    } finally {
      await run(suite.admin, 'ALTER TABLE telemetry.position DROP CONSTRAINT spec_poison');
    }
  });
});

describe('failures', () => {
  it('changes nothing when everything comes again after a crash between commit and ack', async () => {
    const imei = imeiOf(3);
    const crashed = signal('the ack that never came');
    const ackless = withVerbs(suite.streams, {
      ackOwned: () => {
        crashed.emit();
        return Promise.reject(new OdographError('REDIS_UNREACHABLE'));
      },
    });
    await run(
      suite.admin,
      `INSERT INTO telemetry.rule (name, kind, settings, valid_from) VALUES ('limit', 'overspeed', '{"limit_kmh": 40}', 'epoch')`,
    );
    const first = await started({ streams: ackless });
    await send(imei, at(1));
    await crashed.next();
    await crashed.next();
    await first.stop();
    const snapshot = async () => [
      await run(suite.admin, 'SELECT * FROM telemetry.device_state'),
      await run(suite.admin, 'SELECT * FROM telemetry.event'),
      await run(suite.admin, 'SELECT event_id FROM outbox.message'),
    ];
    const before = await snapshot();
    expect(before.map((rows) => rows.length)).toEqual([1, 1, 1]);
    expect(await pending()).toBe(1);
    await started();
    await allAcked();
    expect(await snapshot()).toEqual(before);
  });

  it('spends nothing in an outage: no dead letter, and all is stored when it is over', async () => {
    await started({ settings: { INGEST_BATCH_RECORDS: 8 } });
    const imeis = Array.from({ length: 8 }, (_, number) => imeiOf(number));
    for (let second = 0; second < 10; second += 1) {
      await Promise.all(imeis.map((imei) => send(imei, at(second))));
      await run(
        suite.admin,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE usename = 'odograph_processor' AND datname = current_database()`,
      );
    }
    await stored(80);
    await allAcked();
    expect(await deadLetters()).toEqual([]);
  });

  it('refuses the write of an owner that was frozen while another took over', async () => {
    const imei = imeiOf(5);
    const owned = streamOf(imei);
    const frozen = signal('the frozen owner has read');
    let thaw: () => void = () => undefined;
    const thawed = new Promise<void>((resolve) => (thaw = resolve));
    let isFrozen = false;
    // Frozen is the whole process: neither its reads nor its renewals go on.
    const leases = new LeaseTable(suite.database, 'zombie/1', LEASE_TIME_MS);
    const { renew, join } = { renew: leases.renew.bind(leases), join: leases.join.bind(leases) };
    leases.renew = async (held) => (isFrozen ? thawed.then(() => renew(held)) : renew(held));
    leases.join = async (prefix) => (isFrozen ? thawed.then(() => join(prefix)) : join(prefix));
    const slow = withVerbs(suite.streams, {
      readOwned: async (request) => {
        const read = await suite.streams.readOwned(request);
        if (isFrozen || request.stream !== owned || read.kind !== 'entries' || read.entries.length === 0)
          return read;
        isFrozen = true;
        frozen.emit();
        await thawed;
        return read;
      },
    });
    const zombie = await started({ streams: slow, leases, name: 'zombie/1' });
    await eventually(() => zombie.ingest.ownedStreams().length === SHARDS, { what: 'the zombie to own all' });
    await send(imei, at(1));
    await frozen.next();
    expect(await positions()).toBe(0);
    const heir = await started();
    await stored(1);
    await send(imei, at(2));
    await stored(2);
    expect(heir.ingest.ownedStreams()).toContain(owned);
    const states = () => run(suite.admin, 'SELECT version, settled FROM telemetry.device_state');
    const before = await states();
    // Only the zombie could still bring this in: it read it before it froze.
    await run(suite.admin, 'DELETE FROM telemetry.position');
    thaw();
    await eventually(() => !zombie.ingest.ownedStreams().includes(owned), {
      what: 'the zombie to see its loss',
    });
    await zombie.ingest.stop();
    expect(await positions()).toBe(0);
    expect(await states()).toEqual(before);
    expect(await deadLetters()).toEqual([]);
  }, 30_000);

  it('goes on above the epoch that a stream has seen, where the lease is its own', async () => {
    const instance = await started();
    const stream = streamOf(imeiOf(6));
    await eventually(() => instance.ingest.ownedStreams().length === SHARDS, { what: 'all shards' });
    // An owner of a time that the database knows nothing of any more.
    const ghost = { stream, group: PROCESSOR_GROUP, consumer: 'ghost', epoch: 5000n, count: 1 };
    expect((await suite.streams.readOwned(ghost)).kind).toBe('entries');
    await send(imeiOf(6), at(1));
    await stored(1);
    await allAcked();
    const leases = await run<{ epoch: bigint }>(suite.admin, 'SELECT epoch FROM ops.lease WHERE name = $1', [
      shardLeaseName(shardOf(imeiOf(6), SHARDS)),
    ]);
    expect(leases).toEqual([{ epoch: 5001n }]);
    expect(await suite.streams.readOwned(ghost)).toEqual({ kind: 'stale', ownEpoch: 5001n });
    expect(instance.ingest.ownedStreams()).toHaveLength(SHARDS);
    expect(await deadLetters()).toEqual([]);
  });

  it('shares the shards with a second instance and takes them all back', async () => {
    const first = await started();
    const second = await started();
    const owns = (count: number) => (instance: Instance) => instance.ingest.ownedStreams().length === count;
    await eventually(() => [first, second].every(owns(SHARDS / 2)), { what: 'half each' });
    await Promise.all([1, 2, 3, 4].map((number) => send(imeiOf(number), at(number))));
    await stored(4);
    await second.stop();
    await eventually(() => owns(SHARDS)(first), { what: 'all with the first' });
    await Promise.all([1, 2, 3, 4].map((number) => send(imeiOf(number), at(number + 10))));
    await stored(8);
    expect(shardOf(imeiOf(1), SHARDS)).toBeLessThan(SHARDS);
  });
});
