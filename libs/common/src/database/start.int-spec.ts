import { once } from 'node:events';
import { createServer } from 'node:net';
import { eventually, freePort, testServers } from '@app/common/testing';
import { type Database } from './database';
import { migrateUp } from './migrate';
import { databaseFor, portOf, proxy, recordingLogger, sql, textWith, urlOf } from './database.testing';

const servers = testServers();
const open: Database[] = [];

function database(...args: Parameters<typeof databaseFor>): Database {
  const made = databaseFor(...args);
  open.push(made);
  return made;
}

// The suite's database is a copy, and a copy comes without the settings of the roles.
beforeAll(() => migrateUp(servers.postgresUrl()));
afterEach(() => Promise.all(open.splice(0).map((each) => each.stop(1_000))));

describe('start', () => {
  const app = (role: 'odograph_processor' | 'odograph_relay', leaseTimeMs = 10_000): Database =>
    database(servers.postgresUrl(role), { leaseTimeMs });
  const name = (): string => new URL(servers.postgresUrl()).pathname.slice(1);
  const alterRole = (change: string): Promise<unknown> =>
    sql(servers.postgresUrl(), `ALTER ROLE odograph_relay IN DATABASE ${name()} ${change}`);

  it('passes for an app role as the migrations made it', async () => {
    await app('odograph_processor').start();
  });

  it('ends with POSTGRES_UNREACHABLE within its time when nobody answers', async () => {
    const { logger, lines } = recordingLogger();
    const nowhere = new URL(servers.postgresUrl());
    nowhere.port = String(await freePort());
    const start = database(nowhere.href, { startupTimeoutMs: 400, logger }).start();
    await expect(start).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
    expect(lines.filter(({ event }) => event === 'database_not_reachable_yet').length).toBeGreaterThan(1);
  });

  it('ends with POSTGRES_UNREACHABLE within its time when somebody listens and never answers', async () => {
    const mute = createServer((socket) => socket.on('error', () => socket.destroy()).resume());
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const url = new URL(servers.postgresUrl());
    url.port = String(portOf(mute));
    const start = database(url.href, { startupTimeoutMs: 300 }).start();
    await expect(start).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
    mute.close();
  });

  it('does not wait where waiting cannot help', async () => {
    const url = new URL(servers.postgresUrl());
    url.username = 'nobody_of_that_name';
    const { logger, lines } = recordingLogger();
    await expect(database(url.href, { logger, startupTimeoutMs: 60_000 }).start()).rejects.toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
      message: textWith('refuses this login'),
    });
    expect(lines).toEqual([]);
  });

  it('waits for a server that comes late', async () => {
    const port = await freePort();
    const url = new URL(servers.postgresUrl());
    url.port = String(port);
    const { logger, lines } = recordingLogger();
    const starting = database(url.href, { logger }).start();
    await eventually(() => lines.length > 0, { what: 'the first attempt in vain' });
    const late = await proxy(servers.postgresUrl(), port);
    await starting;
    await Promise.all(open.splice(0).map((each) => each.stop(1_000)));
    late.server.close();
  });

  it('refuses a role whose transactions may outlive a lease', async () => {
    await expect(app('odograph_relay', 8_000).start()).rejects.toMatchObject({
      code: 'POSTGRES_UNSUITABLE',
      message: textWith(/transaction_timeout of role odograph_relay .* is 8000 ms/),
    });
    await alterRole('SET transaction_timeout = 0');
    try {
      await expect(app('odograph_relay').start()).rejects.toMatchObject({
        code: 'POSTGRES_UNSUITABLE',
        message: textWith('is off'),
      });
    } finally {
      await alterRole(`SET transaction_timeout = '8s'`);
    }
  });

  it.each(['off', 'local'])('refuses synchronous_commit = %s', async (value) => {
    await alterRole(`SET synchronous_commit = ${value}`);
    try {
      await expect(app('odograph_relay').start()).rejects.toMatchObject({
        code: 'POSTGRES_UNSUITABLE',
        message: textWith(`synchronous_commit of role odograph_relay is ${value}`),
      });
    } finally {
      await alterRole('RESET synchronous_commit');
    }
  });

  it('refuses a schema of another version, naming both', async () => {
    await expect(database(urlOf(servers.postgresUrl(), 'postgres')).start()).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: textWith(/has none .* needs \w+\d{13}/),
    });
    await sql(
      servers.postgresUrl(),
      `INSERT INTO public.odograph_migration (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`,
    );
    try {
      await expect(app('odograph_processor').start()).rejects.toMatchObject({
        code: 'SCHEMA_MISMATCH',
        message: textWith(/has Later9999999999999 .* needs \w+\d{13}/),
      });
    } finally {
      await sql(
        servers.postgresUrl(),
        `DELETE FROM public.odograph_migration WHERE name = 'Later9999999999999'`,
      );
    }
  });
});
