import { testServers } from '@app/common/testing';
import { type DataSource } from 'typeorm';
import { createDataSource } from './data-source';
import { AuditEntry } from './entities/audit-entry';
import { Device } from './entities/device';
import { Geofence } from './entities/geofence';
import { Rule } from './entities/rule';
import { Subscription } from './entities/subscription';
import { UserAccount } from './entities/user-account';
import { anyDate, sql, textWith } from './database.testing';

const servers = testServers();
let source: DataSource;

beforeAll(async () => {
  source = createDataSource(servers.postgresUrl('odograph_ops'));
  await source.initialize();
});
afterAll(() => source.destroy());

describe('entities, as odograph_ops', () => {
  it('have the columns of their tables, all of them, of the same type and nullability', async () => {
    for (const entity of source.entityMetadatas) {
      const columns = await sql<{ name: string; type: string; nullable: boolean }>(
        servers.postgresUrl(),
        `SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable
         FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY 1`,
        [entity.schema, entity.tableName],
      );
      const mapped = entity.columns.map((column) => ({
        name: column.databaseName,
        type: source.driver.normalizeType(column),
        nullable: column.isNullable,
      }));
      expect(mapped.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(columns);
    }
    expect(source.entityMetadatas).toHaveLength(6);
  });

  it('go in, change, hide when removed and come back', async () => {
    const devices = source.getRepository(Device);
    const device = await devices.save(devices.create({ imei: '356307042441013', name: 'van' }));
    expect(device).toMatchObject({ id: textWith(/^\d+$/), tenantId: 'default', enabled: true });
    device.name = 'lorry';
    await devices.save(device);
    expect(await devices.findOneByOrFail({ imei: '356307042441013' })).toMatchObject({ name: 'lorry' });
    await devices.softRemove(device);
    expect(await devices.findOneBy({ id: device.id })).toBeNull();
    await devices.restore({ id: device.id });
    expect(await devices.findOneBy({ id: device.id })).toMatchObject({ removedAt: null });
  });

  it('raise the version of a rule and of a geofence with every save', async () => {
    const rules = source.getRepository(Rule);
    const rule = await rules.save(
      rules.create({ name: 'town', kind: 'overspeed', deviceId: null, settings: { limit_kmh: 50 } }),
    );
    expect(rule).toMatchObject({ version: 1, validFrom: anyDate });
    rule.settings = { limit_kmh: 30 };
    await rules.save(rule);
    expect(await rules.findOneByOrFail({ id: rule.id })).toMatchObject({
      version: 2,
      settings: { limit_kmh: 30 },
    });

    const fences = source.getRepository(Geofence);
    const yard = { name: 'yard', longitude: 25.3, latitude: 54.7, radiusM: 100, hysteresisM: 20, dwellS: 30 };
    const fence = await fences.save(fences.create(yard));
    fence.radiusM = 200;
    await fences.save(fence);
    expect(await fences.findOneByOrFail({ id: fence.id })).toMatchObject({
      ...yard,
      radiusM: 200,
      version: 2,
    });
    await expect(fences.save(fences.create(yard))).rejects.toMatchObject({ code: '23505' });
    await fences.softRemove(fence);
    await fences.save(fences.create(yard));
  });

  it('subscribe once and take back', async () => {
    const accounts = source.getRepository(UserAccount);
    await accounts.save(accounts.create({ userId: 'ann', email: 'ann@example.org' }));
    expect(await accounts.findOneByOrFail({ userId: 'ann' })).toMatchObject({
      locale: 'en',
      timezone: 'UTC',
      units: 'metric',
    });

    const subscriptions = source.getRepository(Subscription);
    const all = { userId: 'ann', deviceId: null, eventKind: null };
    const subscription = await subscriptions.save(subscriptions.create(all));
    await expect(subscriptions.save(subscriptions.create(all))).rejects.toMatchObject({ code: '23505' });
    await subscriptions.remove(subscription);
    await subscriptions.save(subscriptions.create(all));
  });

  it('write the audit and cannot rewrite it', async () => {
    const audit = source.getRepository(AuditEntry);
    const entry = await audit.save(
      audit.create({ actor: 'ann', action: 'device.add', subject: 'device 1', details: { name: 'van' } }),
    );
    expect(await audit.findOneByOrFail({ id: entry.id })).toMatchObject({ details: { name: 'van' } });
    await expect(audit.update({ id: entry.id }, { actor: 'bob' })).rejects.toMatchObject({ code: '42501' });
    await expect(audit.delete({ id: entry.id })).rejects.toMatchObject({ code: '42501' });
  });
});
