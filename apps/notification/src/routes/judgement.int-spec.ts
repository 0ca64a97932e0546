import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pino from 'pino';
import { Database } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { JudgingBench, type RouteRow, type SentEvent } from './judgement.testing';

const logger = pino({ level: 'silent' });
const servers = testServers();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOON = '2036-06-15T12:00:00Z';
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
const payloadOf = (entry: Record<string, string> | undefined): Record<string, unknown> =>
  JSON.parse(entry?.['payload_json'] ?? 'null');
const statesOf = (routes: readonly RouteRow[]) => routes.map(({ state, reason }) => [state, reason]);
const countBy = (routes: readonly RouteRow[]) => {
  const counts: Record<string, number> = {};
  for (const { state, reason } of routes) {
    const name = `${state} ${reason ?? ''}`.trim();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

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
  const events = (count: number, changes: (n: number) => Partial<SentEvent> = () => ({})) =>
    Array.from({ length: count }, (_, n) => recent(`event-${n}`, changes(n)));

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
            await bench.makeDue();
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
        { numRuns: 25 },
      );
    });
  });

  describe('a digest', () => {
    beforeEach(() => bench.prefer('anna', { digestS: 3600 }));

    it('tells of a window at its end, once, with all of them, and does not let them expire', async () => {
      const early = await bench.send(events(3, (n) => ({ occurredAtMs: bench.nowMs - 1000 + n })));
      await bench.publish();
      await bench.publishAt('2036-06-15T12:10:00Z');
      const late = await bench.send([recent('late')]);
      await bench.publish();
      expect(countBy(await bench.routes())).toEqual({ 'scheduled digest': 1, 'superseded digest': 3 });
      expect(await bench.entries()).toEqual([]);
      await bench.publishAt('2036-06-15T13:00:00Z');
      const [entry, ...others] = await bench.entries();
      expect(others).toEqual([]);
      expect(payloadOf(entry)).toMatchObject({
        collapsed_count: 4,
        items: ['event-0', 'event-1', 'event-2', 'late'].map((key) => expect.objectContaining({ key })),
      });
      expect(entry).not.toHaveProperty('expires_at_ms');
      const lead = (await bench.routes()).find(({ state }) => state === 'published')?.route_id;
      expect(early.concat(late).some((id) => lead?.includes(id))).toBe(true);
      const folded = (await bench.routes()).filter(({ state }) => state === 'superseded');
      expect(folded.map(({ folded_into }) => folded_into)).toEqual([lead, lead, lead]);
    });

    it('of one is the message itself', async () => {
      await bench.send([recent('only')]);
      await bench.publish();
      await bench.publishAt('2036-06-15T13:00:00Z');
      expect(payloadOf((await bench.entries())[0])).not.toHaveProperty('items');
    });

    it('says nothing of what a newer event has made needless by then', async () => {
      const at = bench.nowMs;
      const [enter = ''] = await bench.send([{ key: 'enter', subject: 'van', occurredAtMs: at - 9000 }]);
      await bench.publish();
      await bench.send([recent('other'), recent('another')]);
      const exited = { type: 'vehicle.geofence.exited' };
      const [exit = ''] = await bench.send(
        [{ key: 'exit', subject: 'van', occurredAtMs: at - 5000 }],
        exited,
      );
      await bench.publish();
      await bench.publishAt('2036-06-15T13:00:00Z');
      const payloads = (await bench.entries()).map(payloadOf);
      expect(payloads).toMatchObject([{ key: 'exit' }, { key: 'another', collapsed_count: 2 }]);
      expect(await bench.decisions(enter)).toMatchObject([{ decision: 'folded' }]);
      expect(await bench.route(exit)).toMatchObject({ state: 'published' });
    });

    it('keeps its members when its publishing fails, and tells them at the retry', async () => {
      await bench.send(events(3));
      await bench.publish();
      bench.streams.refusals = 1;
      await bench.publishAt('2036-06-15T13:00:00Z');
      expect(countBy(await bench.routes())).toEqual({ retrying: 1, 'superseded digest': 2 });
      const next = await bench.send(events(1).map((event) => ({ ...event, key: 'next', subject: 'next' })));
      await bench.publish();
      expect(await bench.route(next[0] ?? '')).toMatchObject({ state: 'scheduled' });
      await bench.publishAt('2036-06-15T13:05:00Z');
      expect((await bench.entries()).map(payloadOf)).toMatchObject([{ collapsed_count: 3 }]);
    });

    it('is told once when its publisher dies between deciding and publishing', async () => {
      await bench.send(events(3));
      await bench.publish();
      const judging = bench.judging();
      const dying = bench.publisher('push', {
        judging: {
          decide: async (token, routes) => {
            await judging.decide(token, routes);
            throw new Error('killed');
          },
        },
      });
      bench.nowMs = Date.parse('2036-06-15T13:00:00Z');
      await expect(bench.publish('push', [dying])).rejects.toThrow('killed');
      expect(countBy(await bench.routes())).toEqual({ publishing: 1, 'superseded digest': 2 });
      await bench.expireLeases();
      await bench.publish();
      expect((await bench.entries()).map(payloadOf)).toMatchObject([{ collapsed_count: 3 }]);
    });
  });

  describe('a throttle', () => {
    it('tells the first ones of a window one by one and the rest together at its end', async () => {
      await bench.prefer('anna', { throttle: [2, 600] });
      const ids = await bench.send(events(5, (n) => ({ occurredAtMs: bench.nowMs - 5000 + n })));
      await bench.publish('push', [bench.publisher('push', { batch: 2 })]);
      expect(countBy(await bench.routes())).toEqual({
        ...{ published: 2, 'scheduled throttle': 1, 'superseded throttle': 2 },
      });
      await bench.publishAt('2036-06-15T12:10:00Z');
      const payloads = (await bench.entries()).map(payloadOf);
      expect(payloads.map(({ collapsed_count: count }) => count)).toEqual([undefined, undefined, 3]);
      const decisions = (await Promise.all(ids.map((id) => bench.decisions(id)))).flat();
      expect(decisions.filter(({ decision }) => decision === 'admitted')).toMatchObject([
        { detail: { limit: 2, used: 1, preference: { user_id: 'anna' } } },
        { detail: { limit: 2, used: 2 } },
      ]);
      await bench.send([recent('next window')]);
      await bench.publish();
      expect(await bench.entries()).toHaveLength(4);
    });

    it('counts for two instances at once, and a message that is tried again only once', async () => {
      await bench.prefer('anna', { throttle: [7, 600] });
      await bench.send(events(20));
      bench.streams.refusals = 3;
      const instances = [1, 2, 3].map(() => bench.publisher('push', { batch: 2 }));
      await bench.publish('push', instances);
      await bench.publishAt('2036-06-15T12:05:00Z');
      expect(await bench.entries()).toHaveLength(7);
      expect(countBy(await bench.routes())).toEqual({
        ...{ published: 7, 'scheduled throttle': 1, 'superseded throttle': 12 },
      });
    });
  });

  describe('gathering', () => {
    const offline = { type: 'vehicle.offline', channels: ['push', 'email'] as const };
    const lost = (count: number) =>
      events(count, (n) => ({ occurredAtMs: bench.nowMs - 1000 - (count - n), subject: `device-${n}` }));

    it('makes one push and one mail with a list of a thousand devices that are lost at once, on two instances', async () => {
      await bench.send(lost(1000), offline);
      for (const channel of ['push', 'email'] as const) {
        await bench.publish(channel, [bench.publisher(channel), bench.publisher(channel)]);
        expect(await bench.entries(channel)).toEqual([]);
      }
      await bench.publishAt(bench.nowMs + 30_000);
      await bench.publish('email');
      const [push, ...pushes] = await bench.entries('push');
      const [mail, ...mails] = await bench.entries('email');
      expect([pushes, mails]).toEqual([[], []]);
      const variables = payloadOf(mail)['variables'];
      for (const told of [payloadOf(push), variables]) {
        expect(told).toMatchObject({ collapsed_count: 1000 });
        expect(told).toHaveProperty('items.length', 100);
        expect(told).toHaveProperty('items.0.key', 'event-0');
        expect(told).toHaveProperty('items.99.key', 'event-99');
      }
      const routes = await bench.routes();
      expect(countBy(routes)).toEqual({ published: 2, 'superseded gather': 1998 });
      for (const channel of ['push', 'email']) {
        const [lead] = routes.filter((route) => route.channel === channel && route.state === 'published');
        const into = routes.filter(({ folded_into }) => folded_into === lead?.route_id);
        expect(into).toHaveLength(999);
      }
    });

    it('leaves out devices that are back by then', async () => {
      const [first = '', second = ''] = await bench.send(lost(3), { type: 'vehicle.offline' });
      await bench.publish();
      const back = [{ key: 'back', subject: 'device-0', occurredAtMs: bench.nowMs }];
      const [returned = ''] = await bench.send(back, { type: 'vehicle.online' });
      await bench.publishAt(bench.nowMs + 30_000);
      const told = (await bench.entries()).map(payloadOf);
      expect(told).toMatchObject([{ key: 'event-1', collapsed_count: 2 }]);
      // The first one leads, and is no news itself.
      expect((await bench.route(first)).state).toBe('published');
      expect((await bench.route(second)).state).toBe('superseded');
      await bench.publishAt(bench.nowMs + 30_000);
      expect((await bench.route(returned)).state).toBe('published');
    });

    it('settles every member that has expired while the recipient slept', async () => {
      await bench.beQuiet('anna', '11:00', '14:00');
      const long = { expiresAtMs: bench.nowMs + 24 * HOUR_MS };
      const [lead = '', short = '', kept = ''] = await bench.send(
        lost(3).map((event, n) => (n === 2 ? { ...event, ...long } : event)),
        { type: 'vehicle.offline' },
      );
      await bench.publish();
      await bench.publishAt('2036-06-15T14:01:00Z');
      await bench.publishAt('2036-06-15T14:02:00Z');
      expect((await bench.entries()).map(payloadOf)).toMatchObject([{ key: 'event-2' }]);
      expect(await bench.route(short)).toMatchObject({ state: 'expired', folded_into: null });
      expect(await bench.route(kept)).toMatchObject({ state: 'superseded', reason: 'gather' });
      expect(await bench.decisions(short)).toMatchObject([
        { decision: 'folded' },
        { decision: 'expired', detail: { left_out_of: (await bench.route(lead)).route_id } },
      ]);
      await bench.send(
        lost(3).map((event) => ({ ...event, key: `again-${event.key}` })),
        {
          type: 'vehicle.offline',
        },
      );
      await bench.publish();
      await bench.publishAt('2036-06-15T15:00:00Z');
      expect(countBy(await bench.routes())).toEqual({
        ...{ published: 1, 'superseded gather': 1, 'expired expired': 4 },
      });
    });

    it('goes on through a night as one message, whose lead is put off again and takes its members along', async () => {
      await bench.beQuiet('anna', '11:00', '14:00');
      const all = { expiresAtMs: bench.nowMs + 24 * HOUR_MS };
      await bench.send(
        lost(3).map((event) => ({ ...event, ...all })),
        { type: 'vehicle.offline' },
      );
      await bench.publish();
      await bench.publishAt(bench.nowMs + 30_000);
      expect(countBy(await bench.routes())).toEqual({ 'scheduled quiet_hours': 1, 'superseded gather': 2 });
      await bench.send([recent('late', all)], { type: 'vehicle.offline' });
      await bench.publish();
      expect(countBy(await bench.routes())).toEqual({ 'scheduled quiet_hours': 1, 'superseded gather': 3 });
      await bench.publishAt('2036-06-15T14:01:00Z');
      expect((await bench.entries()).map(payloadOf)).toMatchObject([{ collapsed_count: 4 }]);
    });

    it('lets a lead that is put off join another one that has opened meanwhile, with its members', async () => {
      const all = { expiresAtMs: bench.nowMs + 24 * HOUR_MS };
      await bench.send(
        lost(3).map((event) => ({ ...event, ...all })),
        { type: 'vehicle.offline' },
      );
      await bench.publish();
      bench.nowMs += 30_000;
      let opened = 0;
      const judging = bench.judging();
      const slow = bench.publisher('push', {
        judging: {
          decide: async (token, routes) => {
            opened += 1;
            if (opened === 1) {
              // The first lead is claimed; another device is lost before it is decided about.
              await bench.send([recent('meanwhile', all)], { type: 'vehicle.offline' });
              await bench.publish('push', [bench.publisher('push')]);
              await bench.beQuiet('anna', '11:00', '14:00');
            }
            return judging.decide(token, routes);
          },
        },
      });
      await bench.publish('push', [slow]);
      expect(countBy(await bench.routes())).toEqual({ 'scheduled gather': 1, 'superseded gather': 3 });
      const routes = await bench.routes();
      const lead = routes.find(({ state }) => state === 'scheduled')?.route_id;
      expect(new Set(routes.flatMap(({ folded_into: into }) => into ?? []))).toEqual(new Set([lead]));
      await bench.publishAt('2036-06-15T14:01:00Z');
      await bench.publishAt('2036-06-15T14:02:00Z');
      expect((await bench.entries()).map(payloadOf)).toMatchObject([{ collapsed_count: 4 }]);
    });

    it('loses and doubles none that joins while its lead is being claimed', async () => {
      const told = async () => {
        const payloads = (await bench.entries()).map(payloadOf);
        return payloads.flatMap((payload) => {
          const items = payload['items'];
          return Array.isArray(items) ? items.map(({ key }) => String(key)) : [String(payload['key'])];
        });
      };
      await bench.send(lost(10), { type: 'vehicle.offline' });
      await bench.publish();
      const names = Array.from({ length: 60 }, (_, n) => `joins-${n}`);
      const joining = bench.publisher('push', { batch: 3 });
      const claiming = bench.publisher('push', { batch: 3 });
      for (let i = 0; i < names.length; i += 6) {
        const few = names.slice(i, i + 6).map((key) => recent(key));
        await bench.send(few, { type: 'vehicle.offline' });
        bench.nowMs += 30_000;
        await bench.publish('push', [joining, claiming]);
      }
      await bench.publishAt(bench.nowMs + 30_000);
      await bench.publishAt(bench.nowMs + 30_000);
      const all = [...Array.from({ length: 10 }, (_, n) => `event-${n}`), ...names].sort();
      expect((await told()).sort()).toEqual(all);
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
