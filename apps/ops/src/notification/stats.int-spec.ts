import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';
import { addDead, addRecord, addRoute } from '../notification-rows.testing';

const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});
afterAll(() => odo.close());

describe('odo notification stats', () => {
  it('counts routes by channel, lane and state, and what else waits', async () => {
    const notification = await addRecord(odo, { key: 'counted' });
    const old = await addRecord(odo, { key: 'counted-old', ageMs: 172_800_000 });
    await addRoute(odo, notification, { lane: 'urgent', next_attempt_at: new Date(0) });
    await addRoute(odo, notification, { recipient: 'bob', state: 'scheduled', reason: 'quiet_hours' });
    for (const each of [notification, old]) {
      await addRoute(odo, each, { recipient: 'joe', state: 'published', published_at: new Date() });
    }
    await addDead(odo, old);
    await odo.query(
      `INSERT INTO notification.malformed_intent (stream_entry_id, fields_digest, code, message, raw_fields)
       VALUES ('1-1', 'd', 'payload_invalid', 'm', '{}')`,
    );
    const stats = await odo.one('notification', 'stats');
    expect(stats['routes']).toMatchObject([
      { channel: 'push', lane: 'normal', state: 'published', routes: 1 },
      { channel: 'push', lane: 'normal', state: 'scheduled', reason: 'quiet_hours', routes: 1, due: 0 },
      { channel: 'push', lane: 'urgent', state: 'pending', routes: 1, due: 1 },
    ]);
    expect(stats['others']).toMatchObject([
      { what: 'malformed', code: 'payload_invalid', count: 1 },
      { what: 'dead letters', code: 'mail_stream_publish_failed', count: 1 },
    ]);
    const week = new Date(Date.now() - 7 * 86_400_000).toISOString();
    const longer = await odo.one('notification', 'stats', '--since', week);
    expect(longer['routes']).toMatchObject([
      { channel: 'email', state: 'dead_lettered' },
      { routes: 2 },
      {},
      {},
    ]);
    expect(await odo.done('notification', 'stats')).toMatch(/^push +urgent +pending +- +1 +1 /m);
  });
});
