import { Database, statement } from '@app/common/database';
import pino from 'pino';
import { eventually, testServers } from '@app/common/testing';
import { countBy, JudgingBench, keysIn, objectSchema, payloadOf, type SentEvent } from './judging.testing';

const logger = pino({ level: 'silent' });
const servers = testServers();
const TAKE = statement(
  'folds_spec.take',
  `UPDATE notification.route SET state = 'publishing', reason = NULL, next_attempt_at = NULL,
     lease_token = gen_random_uuid(), leased_until = now() + interval '1 minute'
   WHERE route_id = $1`,
);
const WAITING = statement(
  'folds_spec.waiting',
  `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%fold_key%'`,
);
const HOUR_MS = 3_600_000;
const NOON = '2036-06-15T12:00:00Z';

describe('folding on real PostgreSQL', () => {
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
      expect(payloadOf(entry)).toHaveProperty('collapsed_count', 4);
      expect(keysIn(payloadOf(entry))).toEqual(['event-0', 'event-1', 'event-2', 'late']);
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
      expect(await bench.decisions(enter)).toMatchObject([
        { decision: 'folded', reason: 'digest' },
        { decision: 'superseded', reason: 'newer_event', detail: { notification_id: exit } },
      ]);
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
      const variables = objectSchema.parse(payloadOf(mail)['variables']);
      for (const told of [payloadOf(push), variables]) {
        expect(told).toMatchObject({ collapsed_count: 1000 });
        expect(keysIn(told)).toEqual(Array.from({ length: 100 }, (_, n) => `event-${n}`));
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
      expect(await bench.decisions(first)).toMatchObject([
        { decision: 'folded', reason: 'gather' },
        { decision: 'superseded', reason: 'newer_event', detail: { notification_id: returned } },
      ]);
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

    it('opens another message while a claim is taking the lead of the one before', async () => {
      const [lead = ''] = await bench.send(lost(1), { type: 'vehicle.offline' });
      await bench.publish();
      const [late = ''] = await bench.send([recent('late')], { type: 'vehicle.offline' });
      const { route_id: leadId } = await bench.route(lead);
      const joining = await owner.transaction(async (claim) => {
        await claim.query(TAKE, [leadId]);
        const joined = bench.publish();
        await eventually(async () => expect(await owner.query(WAITING)).toHaveLength(1), {
          ...{ timeoutMs: 10_000, what: 'somebody waits for the lead' },
        });
        return { joined };
      });
      await joining.joined;
      expect(await bench.route(late)).toMatchObject({ state: 'scheduled', reason: 'gather' });
    });

    it('loses and doubles none that joins while its lead is being claimed', async () => {
      const told = async () => {
        const payloads = (await bench.entries()).map(payloadOf);
        return payloads.flatMap((payload) => {
          const keys = keysIn(payload);
          return keys.length > 0 ? keys : [String(payload['key'])];
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
});
