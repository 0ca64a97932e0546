import { testServers } from '@app/common/testing';
import { OdoInTest, isoOf } from '../command-line.testing';

// Before the servers are asked for: hooks run in this order, and the database goes away in theirs.
afterAll(() => odo.close());
const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});

describe('odo geofence', () => {
  const circle = ['--longitude=-0.1276', '--latitude', '51.5072', '--radius-m', '400'];

  it('adds with sensible defaults, versions every change, removes and revives', async () => {
    const startedAt = new Date().toISOString();
    await odo.done('geofence', 'add', 'Depot', ...circle);
    const added = await odo.one('geofence', 'show', 'Depot');
    expect(added).toMatchObject({
      ...{ longitude: -0.1276, latitude: 51.5072, radius_m: 400, hysteresis_m: 40, dwell_s: 10, version: 1 },
    });
    expect(isoOf(added['valid_from']) >= startedAt).toBe(true);

    expect(await odo.done('geofence', 'add', 'Depot', ...circle)).toContain('unchanged');
    expect(await odo.one('geofence', 'show', 'Depot')).toEqual(added);

    expect(await odo.done('geofence', 'add', 'Depot', ...circle, '--dwell-s', '0')).toContain('updated');
    const changed = await odo.one('geofence', 'show', 'Depot');
    expect(changed).toMatchObject({ id: added['id'], dwell_s: 0, version: 2 });
    expect(isoOf(changed['valid_from']) > isoOf(added['valid_from'])).toBe(true);
    expect(isoOf(changed['updated_at']) > isoOf(added['updated_at'])).toBe(true);

    await odo.done('geofence', 'add', 'Depot', ...circle, '--since', '2026-01-31T08:00:00Z');
    expect(await odo.one('geofence', 'show', 'Depot')).toMatchObject({
      ...{ dwell_s: 10, version: 3, valid_from: '2026-01-31T08:00:00.000Z' },
    });

    expect(await odo.done('geofence', 'remove', 'Depot')).toContain('removed');
    expect(await odo.many('geofence', 'list')).toEqual([]);
    expect((await odo.run('geofence', 'remove', 'Depot')).status).toBe(1);
    expect(await odo.done('geofence', 'add', 'Depot', ...circle)).toContain('revived');
    expect(await odo.one('geofence', 'show', 'Depot')).toMatchObject({
      id: added['id'],
      version: 4,
      removed_at: null,
    });
    expect((await odo.auditOf('Depot')).map(({ action }) => action)).toEqual([
      ...['geofence.add', 'geofence.add', 'geofence.add', 'geofence.add', 'geofence.remove', 'geofence.add'],
    ]);
  });

  it('keeps the fences of tenants apart', async () => {
    await odo.done('geofence', 'add', 'Yard', ...circle);
    expect(await odo.done('geofence', 'add', 'Yard', ...circle, '--tenant', 'acme')).toContain('added');
    await odo.done('geofence', 'remove', 'Yard', '--tenant', 'acme');
    expect(await odo.one('geofence', 'show', 'Yard')).toMatchObject({
      tenant_id: 'default',
      removed_at: null,
    });
    expect(await odo.many('geofence', 'list', '--tenant', 'acme')).toEqual([]);
  });

  it('imports GeoJSON, all features or none', async () => {
    const feature = (name: string, properties: object) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [13.4, 52.5] },
      properties: { name, ...properties },
    });
    const collection = (...features: object[]) => JSON.stringify({ type: 'FeatureCollection', features });
    const good = odo.file(
      'sites.geojson',
      collection(feature('North', { radius_m: 100 }), feature('South', { radius_m: 100, hysteresis_m: 0 })),
    );
    expect(await odo.done('geofence', 'import', good)).toBe('2 added\n');
    expect(await odo.one('geofence', 'show', 'North')).toMatchObject({ longitude: 13.4, hysteresis_m: 20 });
    expect(await odo.one('geofence', 'show', 'South')).toMatchObject({ latitude: 52.5, hysteresis_m: 0 });
    const bad = odo.file('bad.geojson', collection(feature('East', { radius_m: 9 }), feature('West', {})));
    const { status, err } = await odo.run('geofence', 'import', bad);
    expect(status).toBe(2);
    expect(err).toContain('feature 2, property radius_m: is missing');
    expect((await odo.run('geofence', 'show', 'East')).status).toBe(1);
  });
});
