import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pino from 'pino';
import { Database } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { countBy, JudgingBench, payloadOf, type RouteRow, type SentEvent } from './judging.testing';

const logger = pino({ level: 'silent' });
const servers = testServers();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOON = '2036-06-15T12:00:00Z';
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
const statesOf = (routes: readonly RouteRow[]) => routes.map(({ state, reason }) => [state, reason]);

describe('judging on real PostgreSQL', () => {
  let owner: Database;
  let database: Database;
  let bench: JudgingBench;
  const databaseFor = (url: string) =>
    new Database({ url, poolSize: 6, applicationName: 'spec', startupTimeoutMs: 10_000, logger });

  beforeAll(async () => {
    owner = databaseFor(servers.postgresUrl());
    database = databaseFor(servers.postgresUrl('odograph_notification'));
    await Promise.all([owner.start(), database.start()]);
    bench = new JudgingBench(owner, database);
  });
  afterAll(async () => {
    await Promise.all([owner.stop(1000), database.stop(1000)]);
  });
  beforeEach(async () => {
    await bench.reset(NOON);
    await bench.addUsers(['anna', 'bert']);
  });

  const recent = (key: string, changes: Partial<SentEvent> = {}): SentEvent => ({
    key,
    subject: key,
    occurredAtMs: bench.nowMs - 1000,
    ...changes,
  });

  describe('check 23: quiet hours', () => {
    /** Sends at a local night of Berlin; the events are still worth telling the next noon. */
    const night = async (now: string, from = '22:00', to = '07:00') => {
      bench.nowMs = Date.parse(now);
      await bench.beQuiet('anna', from, to, 'Europe/Berlin');
      const [id = ''] = await bench.send([recent('night', { expiresAtMs: bench.nowMs + 24 * HOUR_MS })]);
      await bench.publish();
      return id;
    };

    it.each([
      ['in a night without a change', '2036-01-10T23:00:00Z', '07:00', '2036-01-11T06:00:00.000Z'],
      ['in the night with a gap', '2036-03-29T23:00:00Z', '07:00', '2036-03-30T05:00:00.000Z'],
      ['in the night with a fold', '2036-10-25T22:00:00Z', '07:00', '2036-10-26T06:00:00.000Z'],
      ['to an end within the gap', '2036-03-29T23:00:00Z', '02:30', '2036-03-30T01:00:00.000Z'],
      ['to an end within the fold', '2036-10-25T22:00:00Z', '02:30', '2036-10-26T01:30:00.000Z'],
    ])('put a message off %s, and cost it no attempt', async (_, now, to, until) => {
      const id = await night(now, '22:00', to);
      expect(await bench.entries()).toEqual([]);
      const route = await bench.route(id);
      expect(route).toMatchObject({ state: 'scheduled', reason: 'quiet_hours', attempts: 0 });
      const dueMs = route.next_attempt_ms ?? 0;
      expect(dueMs - Date.parse(until)).toBeGreaterThanOrEqual(0);
      expect(dueMs - Date.parse(until)).toBeLessThan(MINUTE_MS);
      expect(await bench.decisions(id)).toEqual([
        {
          ...{ route_id: route.route_id, attempt: 1, decision: 'deferred', reason: 'quiet_hours' },
          detail: {
            until_ms: dueMs,
            quiet_hours: { starts_at: '22:00', ends_at: to, timezone: 'Europe/Berlin', weekdays: 127 },
          },
        },
      ]);
      await bench.publishAt(dueMs - 1);
      expect(await bench.entries()).toEqual([]);
      await bench.publishAt(dueMs);
      expect(await bench.route(id)).toMatchObject({ state: 'published', attempts: 1 });
      expect(await bench.entries()).toHaveLength(1);
    });

    it('follow the zone of the account where they name none', async () => {
      await bench.addUsers(['carl'], 'Asia/Kolkata');
      for (const user of ['anna', 'carl']) await bench.beQuiet(user, '22:00', '07:00');
      bench.nowMs = Date.parse('2036-06-15T18:00:00Z');
      const [id = ''] = await bench.send([recent('event')], { recipient: 'carl' });
      await bench.publish();
      const { next_attempt_ms: dueMs } = await bench.route(id, 'push', 'carl');
      expect(iso(dueMs)).toMatch(/^2036-06-16T01:30/);
    });

    it('are asked at every attempt: a retry that falls into the night waits for the morning', async () => {
      await bench.beQuiet('anna', '22:00', '07:00');
      const [id = ''] = await bench.send([recent('event', { expiresAtMs: bench.nowMs + 24 * HOUR_MS })]);
      bench.streams.refusals = 1;
      await bench.publish();
      expect(await bench.route(id)).toMatchObject({ state: 'retrying', attempts: 1 });
      await bench.publishAt('2036-06-15T23:00:00Z');
      expect(await bench.route(id)).toMatchObject({ state: 'scheduled', reason: 'quiet_hours', attempts: 1 });
      await bench.publishAt('2036-06-16T07:01:00Z');
      expect(await bench.route(id)).toMatchObject({ state: 'published', attempts: 2 });
    });
  });

  describe('preferences', () => {
    it('skip what a user does not want, of a type, on a channel, and say which row has decided', async () => {
      await bench.prefer('*', { enabled: false }, { channel: 'email' });
      await bench.prefer('bert', { enabled: true }, { type: 'vehicle.geofence.entered' });
      const [id = ''] = await bench.send([recent('event')], { channels: ['push', 'email'] });
      await bench.send([recent('event-2')], { recipient: 'bert', channels: ['email'] });
      await bench.publish('push');
      await bench.publish('email');
      expect(await bench.route(id, 'push')).toMatchObject({ state: 'published' });
      expect(await bench.route(id, 'email')).toMatchObject({ state: 'skipped', reason: 'preference' });
      expect(await bench.decisions(id, 'email')).toMatchObject([
        { detail: { preference: { user_id: '*', notification_type: '*', channel: 'email' } } },
      ]);
      expect((await bench.entries('email')).map(payloadOf)).toMatchObject([{ to: ['bert@example.org'] }]);
    });

    it('and quiet hours keep nothing mandatory from anybody', async () => {
      await bench.prefer('anna', { enabled: false });
      await bench.beQuiet('anna', '00:00', '23:59');
      await bench.send([recent('sos')], { type: 'vehicle.sos' });
      await bench.publish('push', [bench.publisher('push', { lane: 'urgent' })]);
      expect(statesOf(await bench.routes())).toEqual([['published', null]]);
    });

    it('of a removed or disabled account do not matter', async () => {
      await bench.setUser('anna', true, new Date());
      await bench.setUser('bert', false);
      const [id = ''] = await bench.send([recent('event')]);
      await bench.send([recent('event-2')], { recipient: 'bert', type: 'vehicle.sos' });
      await bench.publish();
      await bench.publish('push', [bench.publisher('push', { lane: 'urgent' })]);
      expect(countBy(await bench.routes())).toEqual({ 'skipped recipient_disabled': 2 });
      expect(await bench.decisions(id)).toMatchObject([{ detail: { account: 'removed' } }]);
    });
  });

  describe('expiry', () => {
    it('keeps what is too old from being sent, also what has become so while it waited', async () => {
      await bench.beQuiet('bert', '11:00', '14:00');
      const old = await bench.send([recent('old', { occurredAtMs: bench.nowMs - HOUR_MS })]);
      await bench.send([recent('aging')], { recipient: 'bert' });
      await bench.publish();
      expect(countBy(await bench.routes())).toEqual({ 'expired expired': 1, 'scheduled quiet_hours': 1 });
      await bench.publishAt('2036-06-15T14:01:00Z');
      expect(countBy(await bench.routes())).toEqual({ 'expired expired': 2 });
      expect(await bench.decisions(old[0] ?? '')).toMatchObject([
        { decision: 'expired', detail: { expires_at_ms: Date.parse(NOON) } },
      ]);
      expect(await bench.entries()).toEqual([]);
    });
  });

  describe('a newer event of the same subject', () => {
    it('cancels what is not sent yet of the older ones, in any order of arrival and with two instances', async () => {
      let runs = 0;
      const passage = fc.record({
        /** Of each event: enter or exit, its time (some are the same), and before which round it arrives. */
        events: fc.array(
          fc.record({
            isEnter: fc.boolean(),
            atS: fc.integer({ min: 0, max: 5 }),
            round: fc.nat({ max: 2 }),
          }),
          { minLength: 1, maxLength: 6 },
        ),
        isQuiet: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      });
      await fc.assert(
        fc.asyncProperty(passage, async ({ events: passed, isQuiet }) => {
          runs += 1;
          const recipient = `user-${runs}`;
          bench.nowMs = Date.parse(NOON);
          await bench.addUsers([recipient]);
          const base = bench.nowMs - MINUTE_MS;
          const sent: { id: string; atMs: number; round: number }[] = [];
          for (const [round, quiet] of isQuiet.entries()) {
            for (const [n, event] of passed.entries()) {
              if (event.round !== round) continue;
              const type = event.isEnter ? 'vehicle.geofence.entered' : 'vehicle.geofence.exited';
              const occurredAtMs = base + event.atS * 1000;
              const [id = ''] = await bench.send([{ key: `e-${runs}-${n}`, subject: 'van', occurredAtMs }], {
                ...{ type, recipient },
              });
              sent.push({ id, atMs: occurredAtMs, round });
            }
            await bench.beQuiet(recipient, quiet ? '11:00' : '02:00', quiet ? '15:00' : '03:00');
            await bench.makeDue(recipient);
            await bench.publish('push', [bench.publisher('push'), bench.publisher('push')]);
          }
          const isNewer = (a: (typeof sent)[number], b: (typeof sent)[number]) =>
            a.atMs > b.atMs || (a.atMs === b.atMs && a.id > b.id);
          for (const event of sent) {
            const { state, reason } = await bench.route(event.id, 'push', recipient);
            // When its route was last judged, or it was published before.
            const published = isQuiet.findIndex((quiet, round) => !quiet && round >= event.round);
            const judged = published === -1 ? isQuiet.length - 1 : published;
            const isReplaced = sent.some((other) => other.round <= judged && isNewer(other, event));
            if (isReplaced) expect([state, reason]).toEqual(['superseded', 'newer_event']);
            else expect(state).toBe(published === -1 ? 'scheduled' : 'published');
          }
        }),
        { numRuns: 20 },
      );
    });
  });

  it('writes nothing for a claim that has passed on', async () => {
    await bench.prefer('anna', { enabled: false });
    const [id = ''] = await bench.send([recent('event')]);
    const judging = bench.judging();
    const publisher = bench.publisher('push', {
      judging: {
        decide: async (_token, routes) => {
          const decided = await judging.decide(randomUUID(), routes);
          expect(decided).toMatchObject({ publish: [], settled: routes });
          return decided;
        },
      },
    });
    await bench.publish('push', [publisher]);
    expect(await bench.route(id)).toMatchObject({ state: 'publishing', attempts: 1 });
    expect(await bench.decisions(id)).toEqual([]);
  });
});
