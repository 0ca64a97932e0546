import { DEVICE_REGISTRY } from '@app/common/contracts';
import { type Database } from '@app/common/database';
import { LeaseTable, Ownership } from '@app/common/leases';
import { type RedisStreams } from '@app/common/streams';
import { eventually, testServers } from '@app/common/testing';
import { databaseOf, quiet, run } from '../../sink.testing';
import { redisStreams } from '../ingest.testing';
import { DeviceRegistry, REGISTRY_LEASE } from './device-registry';

const servers = testServers();
let admin: Database;
let database: Database;
let streams: RedisStreams;
const running: { registry: DeviceRegistry; ownership: Ownership }[] = [];

beforeAll(async () => {
  admin = databaseOf(servers.postgresUrl());
  database = databaseOf(servers.postgresUrl('odograph_processor'));
  streams = await redisStreams(servers.redisUrl);
});
afterAll(() => Promise.all([admin.stop(1000), database.stop(1000), streams.stop()]));
afterEach(async () => {
  for (const { registry, ownership } of running.splice(0)) {
    await registry.stop();
    await ownership.stop(1000);
  }
});

async function start(owner: string, reconcileMs = 60_000): Promise<void> {
  const ownership = new Ownership(new LeaseTable(database, owner, 2000), {
    app: 'device-registry',
    resources: [REGISTRY_LEASE],
    leaseTimeMs: 2000,
    logger: quiet,
  });
  const registry = new DeviceRegistry({
    database,
    projections: streams,
    ownership,
    logger: quiet,
    reconcileMs,
  });
  running.push({ registry, ownership });
  await ownership.start();
  await registry.start();
}

const IMEI = '356307042441013';
const projected = async (imei: string): Promise<unknown> => {
  const { complete, value } = await streams.readProjection(DEVICE_REGISTRY, imei);
  return complete ? (value === undefined ? 'absent' : (JSON.parse(value) as unknown)) : 'incomplete';
};
const becomes = (imei: string, expected: unknown) =>
  eventually(
    async () => {
      expect(await projected(imei)).toEqual(expected);
    },
    { what: 'the projection', timeoutMs: 4000 },
  );

it('projects the devices and follows what is added, changed and removed', async () => {
  expect(await projected(IMEI)).toBe('incomplete');
  await run(admin, `INSERT INTO telemetry.device (imei, name, tenant_id) VALUES ($1, 'van', 'acme')`, [IMEI]);
  await start('one/1');
  await becomes(IMEI, { deviceId: '1', tenantId: 'acme', enabled: true });
  await run(database, `INSERT INTO telemetry.device (imei, name) VALUES ('356307042441021', 'enrolled')`);
  await becomes('356307042441021', { deviceId: '2', tenantId: 'default', enabled: true });
  await run(admin, `UPDATE telemetry.device SET enabled = false, updated_at = now() WHERE imei = $1`, [IMEI]);
  await becomes(IMEI, { deviceId: '1', tenantId: 'acme', enabled: false });
  await run(admin, `UPDATE telemetry.device SET removed_at = now() WHERE imei = $1`, [IMEI]);
  await becomes(IMEI, 'absent');
});

const ENROLLED = { deviceId: '2', tenantId: 'default', enabled: true };
const lose = () => streams.commands.onEach((redis) => redis.del(DEVICE_REGISTRY));
const smuggle = () =>
  streams.commands.onEach((redis) => redis.hset(DEVICE_REGISTRY, '999999999999999', '{}'));

it('writes the whole again where the store has lost it', async () => {
  await lose();
  await start('two/1');
  await becomes('356307042441021', ENROLLED);
  await lose();
  await becomes('356307042441021', ENROLLED);
});

it('writes the whole again after somebody else had the lease, and when another takes over', async () => {
  await lose();
  await start('three/1');
  await becomes('356307042441021', ENROLLED);
  await smuggle();
  await run(admin, `UPDATE ops.lease SET epoch = epoch + 1, expires_at = now() WHERE name = $1`, [
    REGISTRY_LEASE,
  ]);
  await becomes('999999999999999', 'absent');
  await smuggle();
  await start('four/1');
  await running[0]?.registry.stop();
  await running[0]?.ownership.stop(1000);
  await becomes('999999999999999', 'absent');
});
