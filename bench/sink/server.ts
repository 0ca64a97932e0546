import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrateUp } from '@app/common/database';
import { type PostgresServer, startPostgres } from '@app/common/testing';
import { imeiOf } from '../shared/device';
import { LIMIT_KMH } from '../shared/records';

const TICKS_PER_S = 100;
const FILL_ROWS = 1_000_000;

/** A PostgreSQL of the bench's own, with our schema, its devices and its rules. */
export class BenchServer {
  private constructor(
    private readonly postgres: PostgresServer,
    private readonly admin: Client,
    private readonly folder: string,
    readonly deviceIds: ReadonlyMap<string, bigint>,
  ) {}

  /** `settings`: as in postgresql.conf, laid over the bench's own. */
  static async start(devices: number, settings: Readonly<Record<string, string>> = {}): Promise<BenchServer> {
    const folder = mkdtempSync(join(tmpdir(), 'odograph-bench-sink-'));
    const postgres = await startPostgres({
      dataDir: join(folder, 'pg'),
      durable: true,
      settings: { shared_buffers: '1GB', max_wal_size: '8GB', ...settings },
    });
    await migrateUp(postgres.url('postgres'));
    const admin = new Client({ connectionString: postgres.url('postgres') });
    await admin.connect();
    await admin.query('SELECT telemetry.ensure_position_partitions(1, 2)');
    await admin.query(
      'INSERT INTO telemetry.device (imei, name) SELECT imei, imei FROM unnest($1::text[]) AS imei',
      [Array.from({ length: devices }, (_, device) => imeiOf(device))],
    );
    await addRules(admin);
    const { rows } = await admin.query<{ imei: string; id: string }>('SELECT imei, id FROM telemetry.device');
    return new BenchServer(postgres, admin, folder, new Map(rows.map(({ imei, id }) => [imei, BigInt(id)])));
  }

  url(user: string): string {
    return this.postgres.url('postgres', user);
  }

  /** Everything that a run has written, and what is still to be written of it. */
  async clear(): Promise<void> {
    await this.admin.query(
      `TRUNCATE telemetry.position, telemetry.device_state, telemetry.rule_checkpoint, telemetry.event, outbox.message,
         telemetry.shard_progress`,
    );
    await this.admin.query('CHECKPOINT');
  }

  async countOf(table: string): Promise<number> {
    const { rows } = await this.admin.query<{ n: number }>(`SELECT count(*)::integer AS n FROM ${table}`);
    return rows[0]?.n ?? 0;
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { rows } = await this.admin.query<Row & Record<string, unknown>>(text, [...values]);
    return rows;
  }

  /** So many records of other devices, as if they had come over the last days. */
  async fill(rows: number): Promise<void> {
    for (let done = 0; done < rows; done += FILL_ROWS) {
      await this.admin.query(
        `INSERT INTO telemetry.position (
           device_id, time, digest, received_at, longitude, latitude, altitude_m, angle_deg, satellites, speed_kmh,
           fix_valid, priority, event_io_id, codec, flags, io)
         SELECT 1000000 + n % 50000, now() - interval '1 second' * (n / 50000), n, now() - interval '30 days', 0, 0, 0, 0, 9,
           50, true, 0, 0, 142, 0, decode(repeat('00', 60), 'hex')
         FROM generate_series($1::bigint, $2::bigint) AS n`,
        [done, Math.min(rows, done + FILL_ROWS) - 1],
      );
    }
    await this.admin.query('VACUUM ANALYZE telemetry.position');
    await this.checkpoint();
  }

  /** As the relay asks for it hourly. */
  async upkeep(): Promise<void> {
    await this.admin.query('SELECT telemetry.ensure_position_partitions(2, 4)');
  }

  async vacuum(): Promise<void> {
    await this.admin.query('VACUUM ANALYZE');
  }

  async checkpoint(): Promise<void> {
    await this.admin.query('CHECKPOINT');
  }

  /** CPU seconds of all of the server's processes so far, those that have ended included. */
  cpuSeconds(): number {
    const own = statOf(this.postgres.pid);
    return (
      [own, ...childrenOf(this.postgres.pid)].reduce((sum, { ticks }) => sum + ticks, own.reapedTicks) /
      TICKS_PER_S
    );
  }

  async stop(): Promise<void> {
    await this.admin.end();
    await this.postgres.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function addRules(admin: Client): Promise<void> {
  await admin.query(
    `INSERT INTO telemetry.rule (name, kind, settings, valid_from) VALUES ('limit', 'overspeed', $1, 'epoch')`,
    [JSON.stringify({ limit_kmh: LIMIT_KMH })],
  );
  await admin.query(
    `INSERT INTO telemetry.geofence (name, longitude, latitude, radius_m, hysteresis_m, dwell_s, valid_from)
     VALUES ('yard', 25.3, 54.7, 200, 50, 4, 'epoch'), ('depot', 24.1, 55.9, 500, 50, 30, 'epoch')`,
  );
  await admin.query(`INSERT INTO telemetry.subscription (user_id) VALUES ('anna')`);
}

interface ProcessStat {
  readonly parent: number;
  readonly ticks: number;
  /** Of children that have ended. */
  readonly reapedTicks: number;
}

function statOf(pid: number): ProcessStat {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, user = 0, system = 0, reapedUser = 0, reapedSystem = 0] = [1, 11, 12, 13, 14].map(
    (field) => fields[field] ?? 0,
  );
  return { parent, ticks: user + system, reapedTicks: reapedUser + reapedSystem };
}

function childrenOf(parent: number): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [statOf(Number(name))];
      } catch (error) {
        // It ended in between, and is its parent's by now.
        if (error instanceof Error && 'code' in error) return [];
        throw error;
      }
    })
    .filter((stat) => stat.parent === parent);
}
