import { statement } from '@app/common/database';
import { testServers } from '@app/common/testing';
import { PublishingSuite } from '../publishing.testing';
import claimRoutes from './sql/claim-routes.sql';

const servers = testServers();
const EXPLAIN = statement('spec_explain_claim', `EXPLAIN (ANALYZE, BUFFERS) ${claimRoutes}`);
const GENERIC = statement('spec_generic_plans', 'SET plan_cache_mode = force_generic_plan');
const VACUUM = statement('spec_vacuum_routes', 'VACUUM (ANALYZE) notification.route, notification.record');
const TOMORROW = statement(
  'spec_put_off',
  `UPDATE notification.route SET state = 'scheduled', reason = 'quiet_hours', next_attempt_at = now() + interval '8 hours'
   WHERE route_id = ANY ($1)`,
);

/** With 100,000 the plans are the same. */
const HALF = Number(process.env['SPEC_ROUTES'] ?? 20_000);

let suite: PublishingSuite;

beforeAll(async () => {
  suite = new PublishingSuite(servers.postgresUrl(), servers.postgresUrl('odograph_notification'));
  await suite.start();
});
afterAll(() => suite.stop());
beforeEach(() => suite.clear());

describe('claiming routes', () => {
  it('gives each route to one of twenty workers', async () => {
    const ids = await suite.seed({ count: 2000, tenantOf: (n) => `tenant ${n % 7}` });
    const worker = async (): Promise<string[]> => {
      const claimed: string[] = [];
      for (let empty = 0; empty < 3;) {
        const { routes } = await suite.claim({ limit: 20 });
        claimed.push(...routes.map(({ routeId }) => routeId));
        empty = routes.length === 0 ? empty + 1 : 0;
      }
      return claimed;
    };
    const all = (await Promise.all(Array.from({ length: 20 }, worker))).flat();
    expect(all).toHaveLength(2000);
    expect(new Set(all)).toEqual(new Set(ids));
  });

  it('gives tenants equal shares, and to one what the others leave', async () => {
    await suite.seed({ count: 1000, tenantOf: () => 'noisy' });
    await suite.seed({ count: 60, tenantOf: () => 'quiet' });
    await suite.seed({ count: 5, tenantOf: () => 'tiny' });
    const sharesOf = async (limit: number) => {
      const shares: Record<string, number> = {};
      for (const { tenantId } of (await suite.claim({ limit })).routes) {
        shares[tenantId] = (shares[tenantId] ?? 0) + 1;
      }
      return shares;
    };
    expect(await sharesOf(90)).toEqual({ noisy: 30, quiet: 30, tiny: 5 });
    expect(await sharesOf(90)).toEqual({ noisy: 45, quiet: 30 });
    expect(await sharesOf(90)).toEqual({ noisy: 90 });
  });

  it('serves every tenant in turn where there are more than routes in a batch', async () => {
    await suite.seed({ count: 300, tenantOf: (n) => `tenant ${n % 50}` });
    const served: string[] = [];
    let afterTenant = '';
    do {
      const claim = await suite.claim({ limit: 8, afterTenant });
      served.push(...claim.routes.map(({ tenantId }) => tenantId));
      afterTenant = claim.lastTenant;
    } while (afterTenant !== '');
    expect(new Set(served).size).toBe(50);
    expect(served.length).toBeLessThan(60);
  });

  it('passes tenants by that have nothing due, however many they are', async () => {
    const put = await suite.seed({ count: 60, tenantOf: (n) => `asleep ${n}` });
    await suite.owner.query(TOMORROW, [put]);
    await suite.seed({ count: 1, tenantOf: () => 'awake' });
    let claim = await suite.claim({ limit: 8 });
    let claims = 1;
    for (; claim.routes.length === 0; claims += 1) {
      expect(claim.lastTenant).not.toBe('');
      claim = await suite.claim({ limit: 8, afterTenant: claim.lastTenant });
    }
    expect(claims).toBe(8);
    expect(claim.routes).toMatchObject([{ tenantId: 'awake' }]);
  });

  it('takes the oldest due first, and what a silent holder had under a higher number', async () => {
    const ids = await suite.seed({ count: 10 });
    const first = await suite.claim({ limit: 4 });
    expect(first.routes.map(({ routeId }) => routeId).sort()).toEqual(ids.slice(0, 4).sort());
    expect(first.routes.every(({ inDoubt, attempts }) => !inDoubt && attempts === 1)).toBe(true);
    await suite.expireLeases();
    const second = await suite.claim({ limit: 16 });
    const before = new Map(first.routes.map((route) => [route.routeId, route.claimedAtUs]));
    const again = second.routes.filter(({ routeId }) => before.has(routeId));
    expect(again).toHaveLength(4);
    for (const { routeId, inDoubt, attempts, claimedAtUs } of again) {
      expect({ inDoubt, attempts }).toEqual({ inDoubt: true, attempts: 2 });
      expect(claimedAtUs).toBeGreaterThan(before.get(routeId) ?? Infinity);
    }
    expect(second.routes.filter(({ inDoubt }) => !inDoubt)).toHaveLength(6);
  });

  it('has lanes that know nothing of one another', async () => {
    await suite.seed({ count: 10_000 });
    const [urgent] = await suite.seed({ count: 1, lane: 'urgent' });
    const { routes } = await suite.claim({ lane: 'urgent', limit: 1 });
    expect(routes).toMatchObject([{ routeId: urgent, lane: 'urgent' }]);
  });

  it.each([1, 100])(
    'reads little of a large table with routes of %i tenants',
    async (tenants) => {
      const put = await suite.seed({ count: HALF, tenantOf: (n) => `tenant ${n % tenants}` });
      await suite.owner.query(TOMORROW, [put]);
      await suite.seed({ count: HALF, tenantOf: (n) => `tenant ${n % tenants}` });
      await suite.owner.query(VACUUM);
      for (const isGeneric of [false, true]) {
        const plan = await suite.owner.transaction(async (transaction) => {
          if (isGeneric) await transaction.query(GENERIC);
          const params = ['push', 'normal', 200, '00000000-0000-4000-8000-000000000001', 30_000, ''];
          const rows = await transaction.query<{ 'QUERY PLAN': string }>(EXPLAIN, params);
          return rows.map((row) => row['QUERY PLAN']).join('\n');
        });
        if (process.env['SHOW_PLAN'] !== undefined)
          process.stdout.write(`${/Execution.*/.exec(plan)?.[0]}\n`);
        expect(plan).toContain('route_due_idx');
        expect(plan).toContain('route_leased_idx');
        expect(plan).not.toMatch(/Seq Scan on (route|record)/);
        const [, ms] = /Execution Time: ([\d.]+) ms/.exec(plan) ?? [];
        expect(Number(ms)).toBeLessThan(500);
      }
    },
    120_000,
  );
});
