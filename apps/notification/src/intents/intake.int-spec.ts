import pino from 'pino';
import { NOTIFICATION_GROUP, NOTIFICATION_INTENTS } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { MemoryStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { DraftStore, RoutesService } from '../routes';
import { intakeOf } from './intake.testing';
import { adminFields, intentFields } from './intent.testing';
import { IntakeEyes } from './intake-eyes.testing';

const logger = pino({ level: 'silent' });
const servers = testServers();

/** Counts how often a loop looked at what the database was last seen with. */
class CountingStreams extends MemoryStreams {
  looks = 0;

  override newest(stream: string, count: number) {
    this.looks += 1;
    return super.newest(stream, count);
  }
}

describe('the intake on real PostgreSQL', () => {
  let eyes: IntakeEyes;
  let database: Database;
  let other: Database;
  const databaseFor = (url: string) =>
    new Database({ url, poolSize: 4, applicationName: 'spec', startupTimeoutMs: 10_000, logger });
  const routes = () => new RoutesService(new DraftStore(), { push: 2, email: 3 });
  const intake = (administrators: Record<string, readonly string[]> = {}) =>
    intakeOf({ database, routes: routes(), administrators });

  beforeAll(async () => {
    eyes = await IntakeEyes.open(servers.postgresUrl());
    database = databaseFor(servers.postgresUrl('odograph_notification'));
    other = databaseFor(servers.postgresUrl('odograph_notification'));
    await Promise.all([database.start(), other.start()]);
    await eyes.addUsers('anna', 'bert');
  });
  afterAll(() => Promise.all([eyes.close(), database.stop(1000), other.stop(1000)]));
  beforeEach(() => eyes.clear());

  describe('check 1: a malformed intent is kept with its fields, and the next one is taken', () => {
    it('in one batch', async () => {
      const { accept } = intake();
      const broken = intentFields({ idempotency_key: 'event-2', payload_json: 'no json' });
      expect(await accept(broken, intentFields())).toMatchObject({ accepted: 1 });
      await accept(broken);
      expect(await eyes.malformed()).toMatchObject([
        { code: 'payload_invalid', raw_fields: { payload_json: 'no json' } },
      ]);
    });

    it('in the stream, which moves on past one that the database refuses too', async () => {
      const streams = new MemoryStreams();
      const poison = intentFields({ idempotency_key: 'event-\u0000' });
      const broken = intentFields({ idempotency_key: 'event-2', v: '99' });
      for (const fields of [intentFields(), poison, broken, intentFields({ idempotency_key: 'event-3' })]) {
        await streams.append(NOTIFICATION_INTENTS, fields);
      }
      const { service } = intakeOf({ database, streams, routes: routes() });
      await service?.start();
      try {
        await eventually(
          async () => {
            const info = await streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
            expect(info?.groups[0]).toMatchObject({ lag: 0, pending: 0 });
          },
          { what: 'all intents acknowledged' },
        );
      } finally {
        await service?.stop();
      }
      expect(await eyes.records()).toHaveLength(2);
      expect((await eyes.malformed()).map(({ code }) => code).toSorted()).toEqual([
        'record_rejected',
        'version_unknown',
      ]);
    });

    it('with its event id, whatever that is', async () => {
      const { event_id: known = '', ...unnamed } = intentFields({ idempotency_key: 'unnamed' });
      await intake().accept(
        intentFields(),
        intentFields({ idempotency_key: 'nobody', recipient_user_ids_json: '["nobody"]', event_id: known }),
        intentFields({ idempotency_key: 'odd', event_id: 'no\u0000 uuid' }),
        unnamed,
      );
      expect((await eyes.malformed()).map(({ event_id }) => event_id).toSorted()).toEqual(
        [known, 'no\u2400 uuid', null].toSorted(),
      );
      expect((await eyes.records()).map(({ event_id }) => event_id)).toEqual([known]);
    });
  });

  describe('check 3: an unknown recipient', () => {
    it('is a skipped route beside known ones, and an intent for nobody else is malformed', async () => {
      const result = await intake().accept(
        intentFields({ recipient_user_ids_json: '["anna","nobody"]' }),
        intentFields({ idempotency_key: 'event-2', recipient_user_ids_json: '["nobody"]' }),
      );
      expect(result.malformed.map(({ code }) => code)).toEqual(['recipient_not_found']);
      expect(await eyes.routesByRecipient()).toEqual([
        ['email', 'anna', 'pending', null],
        ['email', 'nobody', 'skipped', 'recipient_not_found'],
        ['push', 'anna', 'pending', null],
        ['push', 'nobody', 'skipped', 'recipient_not_found'],
      ]);
    });
  });

  describe('check 4: the same key', () => {
    it('with the same body changes nothing, in one batch and over two', async () => {
      const { accept } = intake();
      expect(await accept(intentFields(), intentFields())).toMatchObject({ accepted: 1, duplicates: 1 });
      expect(await accept(intentFields())).toMatchObject({ accepted: 0, duplicates: 1, malformed: [] });
      expect(await eyes.records()).toHaveLength(1);
      expect((await eyes.routes()).map(({ state }) => state)).toEqual(['pending', 'pending']);
    });

    it('with another body is recorded as a conflict, in one batch and over two', async () => {
      const { accept } = intake();
      const changed = intentFields({ occurred_at_ms: '1700000000999' });
      const first = await accept(intentFields(), changed);
      const second = await accept(changed);
      expect([...first.malformed, ...second.malformed].map(({ code }) => code)).toEqual([
        'idempotency_conflict',
        'idempotency_conflict',
      ]);
      expect(await eyes.records()).toHaveLength(1);
    });

    it('is accepted once by two instances that read the same entries in another order', async () => {
      const here = intake();
      const there = intakeOf({ database: other, routes: routes() });
      const batch = Array.from({ length: 100 }, (_, i) =>
        intentFields({ idempotency_key: `event-${i}`, subject: String(i % 7) }),
      );
      for (let round = 0; round < 5; round += 1) {
        await eyes.clear();
        const results = await Promise.all([here.accept(...batch), there.accept(...batch.toReversed())]);
        expect(results.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(100);
        expect(results.flatMap(({ malformed }) => malformed)).toEqual([]);
        expect(await eyes.routes()).toHaveLength(200);
        // All in one order: two that insert each other's keys in another one wait for each other.
        const written = await eyes.asWritten();
        expect(written).toEqual(written.toSorted());
      }
    });
  });

  describe('check 5: request_id and trace_id', () => {
    it('may change without making a conflict', async () => {
      const { accept } = intake();
      const again = intentFields({ trace_id: 'another', request_id: 'another' });
      expect(await accept(intentFields(), again)).toMatchObject({
        accepted: 1,
        duplicates: 1,
        malformed: [],
      });
      expect(await accept(again)).toMatchObject({ accepted: 0, duplicates: 1, malformed: [] });
    });
  });

  describe('check 6: administrators', () => {
    it('are told by mail alone, each once', async () => {
      const { accept } = intake({ 'system.alert': ['ops@example.org', 'night@example.org'] });
      expect(await accept(adminFields(), adminFields())).toMatchObject({ accepted: 1, duplicates: 1 });
      expect((await eyes.routes()).map(({ channel, address, state }) => [channel, address, state])).toEqual(
        expect.arrayContaining([
          ['email', 'ops@example.org', 'pending'],
          ['email', 'night@example.org', 'pending'],
        ]),
      );
      expect(await eyes.routes()).toHaveLength(2);
    });

    it('that nobody has named leave one skipped route that says so', async () => {
      await intake().accept(adminFields());
      expect(await eyes.routesByRecipient()).toEqual([
        ['email', 'config:system.alert', 'skipped', 'no_recipients_configured'],
      ]);
    });
  });

  describe('what replaces one another', () => {
    const crossing = (name: 'entered' | 'exited', atMs: number) =>
      intentFields({
        notification_type: `vehicle.geofence.${name}`,
        idempotency_key: `${name}-${atMs}`,
        occurred_at_ms: String(atMs),
      });

    it('leaves the newest by event time, in any order of arrival and by two instances at once', async () => {
      const here = intake();
      const there = intakeOf({ database: other, routes: routes() });
      const late = Array.from({ length: 20 }, (_, i) => crossing('exited', 2000 + i));
      const early = Array.from({ length: 20 }, (_, i) => crossing('entered', 1000 + i));
      await Promise.all([
        here.accept(...late, ...early),
        there.accept(...early.toReversed(), ...late.toReversed()),
      ]);
      await here.accept(crossing('entered', 500));
      const newest = (await eyes.collapse()).map(({ channel, collapse_key, at_ms }) => [
        channel,
        collapse_key,
        at_ms,
      ]);
      expect(newest).toEqual([
        ['email', '7|geofence:1', 2019],
        ['push', '7|geofence:1', 2019],
      ]);
      expect(new Set((await eyes.routes()).map(({ collapse_key }) => collapse_key))).toEqual(
        new Set(['7|geofence:1']),
      );
    });
  });

  it('keeps what it has in hand over an outage, in order, instead of piling up more', async () => {
    const streams = new CountingStreams();
    const failing = databaseFor(servers.postgresUrl('odograph_notification'));
    await failing.start();
    const { service } = intakeOf({ database: failing, streams, routes: routes() });
    const send = (key: string) =>
      streams.append(NOTIFICATION_INTENTS, intentFields({ idempotency_key: key }));
    const keys = async () => (await eyes.records()).map(({ idempotency_key }) => idempotency_key);
    await service?.start();
    try {
      await send('event-1');
      await eventually(async () => (await keys()).length === 1, { what: 'the first intent' });
      await failing.stop(0);
      await send('event-2');
      await eventually(() => service?.snapshot()['inHand'] === 1, { what: 'the entry in hand' });
      await send('event-3');
      const { looks } = streams;
      await eventually(() => streams.looks >= looks + 6, { what: 'both loops coming round in vain' });
    } finally {
      await service?.stop();
    }
    const info = await streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
    expect(info?.groups[0]).toMatchObject({ lag: 1 });
    const working = intakeOf({
      ...{ database, streams, routes: routes() },
      ...{ consumer: 'other', claimThresholdMs: 0 },
    });
    await working.service?.start();
    try {
      await eventually(async () => (await keys()).length === 3, { what: 'all intents' });
    } finally {
      await working.service?.stop();
    }
  });
});
