import { Client } from 'pg';
import { eventually, signal, testServers } from '@app/common/testing';
import { Listener } from './listen';
import { databaseFor, recordingLogger, sql, terminate } from './database.testing';
import { type PoolerMode, testPooler } from './listen.testing';
import { statement } from './statement';

const servers = testServers();

const WARN = 40;
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
    const restored = (): number => lines.filter(({ event }) => event === 'listen_restored').length;
    const woken = signal('wake');
    await database.listen('spec', () => woken.emit());
    await woken.next();
    for (let round = 1; round <= 2; round += 1) {
      expect(await terminate(servers.postgresUrl(), LISTENING)).toBe(1);
      await woken.next();
      await notify('spec');
      await woken.next();
      await eventually(() => restored() === round, { what: 'it to say so' });
    }
    expect(lines.filter(({ event, level }) => event === 'listen_lost' && level === WARN)).toHaveLength(2);
    await database.stop(1_000);
    expect(database.snapshot()).toMatchObject({ listeners: 0 });
  });

  it.each<[PoolerMode, string]>([
    ['deaf', 'no notification came'],
    ['refusing', 'not supported in transaction mode'],
  ])(
    'warns once behind a %s pooler, goes on trying with longer rests, and hears again',
    async (mode, why) => {
      const pooler = await testPooler(servers.postgresUrl(), mode);
      const { logger, lines } = recordingLogger();
      const database = databaseFor(pooler.url);
      const woken = signal('wake');
      const listener = new Listener({
        newClient: () => new Client({ connectionString: pooler.url }),
        notify: (channel) => database.query(statement('spec_notify', `SELECT pg_notify($1, '')`), [channel]),
        channel: 'spec',
        onWake: () => woken.emit(),
        onClose: () => undefined,
        logger,
        proofTimeoutMs: 300,
      });
      await listener.start();
      await eventually(() => pooler.listens >= 4, { what: 'attempts in vain' });
      const warnings = lines.filter(({ level }) => level >= WARN);
      expect(warnings.map(({ event }) => event)).toEqual(['listen_unavailable']);
      expect(JSON.stringify(warnings)).toContain(why);

      pooler.mode = 'transparent';
      await eventually(() => lines.some(({ event }) => event === 'listen_restored'), { what: 'listening' });
      const before = woken.count;
      await notify('spec');
      await eventually(() => woken.count > before, { what: 'a wake-up' });
      await listener.close();
      await database.stop(1_000);
      await pooler.close();
      expect(lines.filter(({ level }) => level >= WARN)).toHaveLength(1);
    },
  );

  it('warns once where the server itself refuses, as a standby does', async () => {
    const { logger, lines } = recordingLogger();
    const listener = new Listener({
      newClient: () => new Client({ connectionString: servers.postgresUrl() }),
      notify: () => Promise.resolve(),
      // No identifier.
      channel: '',
      onWake: () => undefined,
      onClose: () => undefined,
      logger,
    });
    await listener.start();
    await eventually(() => lines.length >= 3, { what: 'three attempts in vain' });
    await listener.close();
    expect(lines.filter(({ level }) => level >= WARN).map(({ event }) => event)).toEqual([
      'listen_unavailable',
    ]);
  });

  it('does not take a proof that could not be sent for a deaf connection', async () => {
    const { logger, lines } = recordingLogger();
    let tries = 0;
    const listener = new Listener({
      newClient: () => new Client({ connectionString: servers.postgresUrl() }),
      notify: (channel) => {
        tries += 1;
        return tries < 3 ? Promise.reject(new Error('the pool is exhausted')) : notify(channel);
      },
      channel: 'spec',
      onWake: () => undefined,
      onClose: () => undefined,
      logger,
      proofTimeoutMs: 100,
    });
    await listener.start();
    await eventually(() => tries >= 3, { what: 'a proof that could be sent' });
    await listener.close();
    expect(lines.filter(({ level }) => level >= WARN)).toEqual([]);
  });

  it('can be closed while the server is away', async () => {
    const listener = new Listener({
      newClient: () => new Client({ host: '127.0.0.1', port: 1 }),
      notify: () => Promise.resolve(),
      channel: 'spec',
      onWake: () => undefined,
      onClose: () => undefined,
      logger: recordingLogger().logger,
    });
    await listener.start();
    await listener.close();
  });
});
