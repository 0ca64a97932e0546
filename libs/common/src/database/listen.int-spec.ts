import { Client } from 'pg';
import { eventually, signal, testServers } from '@app/common/testing';
import { Listener } from './listen';
import { databaseFor, recordingLogger, sql, terminate } from './database.testing';

const servers = testServers();

const LISTENING = `application_name = 'database-spec' AND query LIKE 'LISTEN%'`;
const notify = (channel: string): Promise<unknown> =>
  sql(servers.postgresUrl(), 'SELECT pg_notify($1, $2)', [channel, '']);

describe('listen', () => {
  it('wakes once when it is connected, for every NOTIFY of its channel, and for no other', async () => {
    const database = databaseFor(servers.postgresUrl());
    const woken = signal('wake');
    const listening = await database.listen('spec "channel"', () => woken.emit());
    await woken.next();
    await notify('another');
    await notify('spec "channel"');
    await woken.next();
    await notify('spec "channel"');
    await woken.next();
    expect(woken.count).toBe(3);

    await listening.close();
    await notify('spec "channel"');
    expect(woken.count).toBe(3);
    expect(await terminate(servers.postgresUrl(), LISTENING)).toBe(0);
    await database.stop(1_000);
  });

  it('comes back after its session was ended, wakes for what it may have missed, and hears again', async () => {
    const { logger, lines } = recordingLogger();
    const database = databaseFor(servers.postgresUrl(), { logger });
    const woken = signal('wake');
    await database.listen('spec', () => woken.emit());
    await woken.next();
    for (let round = 1; round <= 2; round += 1) {
      expect(await terminate(servers.postgresUrl(), LISTENING)).toBe(1);
      await woken.next();
      await notify('spec');
      await woken.next();
    }
    expect(lines.filter(({ event }) => event === 'listen_lost')).toHaveLength(2);
    expect(lines.filter(({ event }) => event === 'listen_restored')).toHaveLength(2);
    await database.stop(1_000);
    expect(database.snapshot()).toMatchObject({ listeners: 0 });
  });

  it('warns once and goes on without where it is impossible', async () => {
    const { logger, lines } = recordingLogger();
    const onWake = jest.fn();
    const listener = new Listener({
      newClient: () => new Client({ connectionString: servers.postgresUrl() }),
      // No identifier, so the server refuses it as a standby refuses LISTEN.
      channel: '',
      onWake,
      onClose: () => undefined,
      logger,
    });
    await listener.start();
    await eventually(() => lines.length >= 3, { what: 'three attempts in vain' });
    await listener.close();
    const WARN = 40;
    expect(lines.filter(({ level }) => level >= WARN)).toHaveLength(1);
    expect(onWake).not.toHaveBeenCalled();
  });

  it('can be closed while the server is away', async () => {
    const listener = new Listener({
      newClient: () => new Client({ host: '127.0.0.1', port: 1 }),
      channel: 'spec',
      onWake: () => undefined,
      onClose: () => undefined,
      logger: recordingLogger().logger,
    });
    await listener.start();
    await listener.close();
  });
});
