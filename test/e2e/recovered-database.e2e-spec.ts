import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateUp, statement } from '@app/common/database';
import {
  eventually,
  LogArchive,
  startPostgres,
  takeBaseBackup,
  testServers,
  type PostgresServer,
} from '@app/common/testing';
import { Client } from 'pg';
import { type Stores, System } from './system.testing';
import { pidsOf, report } from './topologies.testing';

const DATABASE = 'odograph';
const RESTORE_POINT = 'before-the-accident';
const ROWS = statement('e2e_recovered_rows', 'SELECT count(*)::integer AS rows FROM telemetry.position');
const RESTORES = /^odograph_ingest_restores_total\{store="database"\} (\d+)$/m;
/** The lines of the balance that rest on telemetry streams and the database alone. */
const FROM_STREAMS = ['records sent = acked', 'acked records = rows', 'events'];

describe('a database that was recovered to a point in time', () => {
  const servers = testServers();
  const folder = mkdtempSync(join(tmpdir(), 'odograph-e2e-recovery-'));
  const dataDir = join(folder, 'postgres');
  const backupDir = join(folder, 'backup');
  let archive: LogArchive;
  let postgres: PostgresServer;
  let system: System | undefined;
  const stores: Stores = {
    postgresUrl: (user) => postgres.url(DATABASE, user),
    get redisUrl() {
      return servers.redisUrl;
    },
  };
  beforeAll(async () => {
    archive = new LogArchive(join(folder, 'archive'));
    postgres = await startPostgres({ dataDir, durable: false, settings: archive.settings });
    const admin = new Client({ connectionString: postgres.url() });
    await admin.connect();
    await admin.query(`CREATE DATABASE ${DATABASE}`);
    await admin.end();
    await migrateUp(postgres.url(DATABASE));
  }, 60_000);
  afterAll(async () => {
    await system?.stop();
    await postgres.kill();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const rows = async ({ watch }: System): Promise<number> => {
    const [row] = await watch.database.query<{ rows: number }>(ROWS);
    return row?.rows ?? 0;
  };
  const relayHealth = async ({ stack }: System): Promise<string> =>
    (await fetch(`http://127.0.0.1:${stack.addresses.probes['relay']}/health`)).text();
  async function restores({ stack }: System): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${stack.addresses.probes['processor']}/metrics`);
    return Number(RESTORES.exec(await response.text())?.[1] ?? 0);
  }

  it('is noticed by its timeline, and is given again what it lost and its streams still hold', async () => {
    system = await System.start(stores, { vehicles: 32, recordsPerSecond: 200, forMs: 5000 });
    const running = system;
    const pids = pidsOf(running);
    let isOver = false;
    const driven = running.driveUntil(() => isOver);
    await running.acked(200);
    await takeBaseBackup(postgres, dataDir, backupDir);
    await running.acked(running.ackedRecords + 200);
    const kept = await rows(running);
    await archive.markRestorePoint(postgres, RESTORE_POINT);
    const marked = await rows(running);
    await eventually(async () => (await rows(running)) > marked + 200, {
      what: 'rows behind the restore point',
    });
    const before = await rows(running);

    // The apps and the devices go on meanwhile, without a database.
    const { port } = postgres;
    await postgres.kill();
    postgres = await archive.recover({ dataDir: backupDir, durable: false }, RESTORE_POINT);
    const look = new Client({ connectionString: postgres.url(DATABASE) });
    await look.connect();
    const found = await look.query<{ rows: number; timeline: string }>(
      `SELECT count(*)::integer AS rows, left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline FROM telemetry.position`,
    );
    await look.end();
    const { rows: recovered = 0, timeline } = found.rows[0] ?? {};
    expect(timeline).toBe('00000002');
    expect(recovered).toBeGreaterThanOrEqual(kept);
    expect(recovered).toBeLessThanOrEqual(before - 200);
    await postgres.stop();
    postgres = await startPostgres({ dataDir: backupDir, durable: false, port });

    await eventually(async () => (await restores(running)) > 0, {
      ...{ what: 'the other timeline to be noticed', timeoutMs: 30_000 },
    });
    expect(running.logOf('processor')).toContain('it is on timeline 00000002 and was on 00000001');
    await running.acked(running.ackedRecords + 300);
    isOver = true;
    await driven;
    expect(running.unackedFrames).toBe(0);
    report(`recovered: ${before - recovered} of ${before} rows had been lost`);
    await eventually(async () => expect(await running.differencesNow(...FROM_STREAMS)).toEqual([]), {
      ...{ what: 'rows and events to be complete', timeoutMs: 60_000 },
    });
    // Marks in Redis name messages that the recovered outbox never had: guessing could skip or double others.
    await eventually(async () => expect(await relayHealth(running)).toContain('OUTBOX_CURSOR_AHEAD'), {
      what: 'the relay to refuse by name',
    });
    expect(pidsOf(running)).toEqual(pids);
    expect(await running.stop()).toEqual([]);
    system = undefined;
  }, 240_000);
});
