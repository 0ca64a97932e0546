import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { type Database, statement, type Transaction } from '@app/common/database';
import { eventually, testServers } from '@app/common/testing';
import { type Lease } from './lease-table';
import { databaseOn, expire, type Instance, instanceOf, leaseRows } from './leases.testing';

const LEASE_MS = 500;
const RESOURCES = Array.from({ length: 16 }, (_, index) => `spec:${index}`);
const servers = testServers();
let database: Database;
let admin: Database;
let instances: Instance[] = [];

beforeAll(async () => {
  database = databaseOn(servers.postgresUrl('odograph_processor'), 12);
  admin = databaseOn(servers.postgresUrl());
  await admin.query(
    statement(
      'spec_journal',
      'CREATE TABLE public.journal (id bigint GENERATED ALWAYS AS IDENTITY, name text, epoch bigint)',
    ),
  );
  await admin.query(statement('spec_journal_grant', 'GRANT ALL ON public.journal TO PUBLIC'));
});
afterAll(() => Promise.all([database.stop(1_000), admin.stop(1_000)]));
afterEach(async () => {
  for (const { table } of instances) table.wake();
  await Promise.all(instances.map(({ ownership }) => ownership.stop(2_000)));
  instances = [];
  await admin.query(statement('spec_leases_clear', 'TRUNCATE ops.lease, public.journal'));
});

async function started(count: number, leaseMs = LEASE_MS): Promise<Instance[]> {
  const fresh = Array.from({ length: count }, () => instanceOf(database, RESOURCES, leaseMs));
  instances.push(...fresh);
  await Promise.all(fresh.map(({ ownership }) => ownership.start()));
  return fresh;
}

const counts = (): number[] =>
  instances.map(({ ownership }) => ownership.usable().length).sort((a, b) => a - b);
const total = (): number => counts().reduce((sum, count) => sum + count, 0);
const shared = (most: number) =>
  eventually(() => total() === RESOURCES.length && Math.max(...counts()) <= most, {
    what: `16 resources shared with at most ${most} each`,
  });

describe('Ownership', () => {
  it('shares 16 resources evenly over one, two and three instances, and again when one leaves', async () => {
    await started(1);
    expect(counts()).toEqual([16]);
    await started(1);
    await shared(8);
    await started(1);
    await shared(6);
    const [first] = instances;
    await first?.ownership.stop(2_000);
    await shared(8);
    const names = instances.flatMap(({ ownership }) => ownership.usable().map(({ name }) => name));
    expect(new Set(names).size).toBe(16);
  });

  it('hands over on stop without waiting for an expiry', async () => {
    await started(1, 30_000);
    await started(1, 30_000);
    await shared(8);
    const startedAt = performance.now();
    await instances[0]?.ownership.stop(2_000);
    await eventually(() => instances[1]?.ownership.usable().length === 16, { what: 'the hand-over' });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('takes over from a crashed instance within one lease and two seconds', async () => {
    const [victim, heir] = await started(2);
    await shared(8);
    const crashedAt = performance.now();
    if (victim) victim.table.crashed = true;
    await eventually(() => heir?.ownership.usable().length === 16, { what: 'the take-over' });
    expect(performance.now() - crashedAt).toBeLessThan(LEASE_MS + 2_000);
    if (victim) victim.table.crashed = false;
    await shared(8);
  });

  it('hands a resource over only when the work on it is done, and the others meanwhile', async () => {
    const [busy] = await started(1, 2_000);
    const [lease] = busy?.ownership.usable().slice(-1) ?? [];
    if (busy === undefined || lease === undefined) throw new Error('nothing owned');
    let finish: () => void = () => undefined;
    const working = busy.ownership.use([lease], () => new Promise<void>((resolve) => (finish = resolve)));
    const [other] = await started(1, 2_000);
    await eventually(() => other?.ownership.usable().length === 7, {
      what: 'the idle ones to be handed over',
    });
    expect(busy.ownership.usable()).toHaveLength(8);
    expect(await busy.ownership.use([lease], (usable) => Promise.resolve(usable))).toEqual([]);
    finish();
    await working;
    await shared(8);
  });

  it('gives back what is idle when a stop has no time for the rest', async () => {
    const [busy] = await started(1);
    const leases = busy?.ownership.usable() ?? [];
    let finish: () => void = () => undefined;
    const working = busy?.ownership.use(
      leases.slice(0, 1),
      () => new Promise<void>((resolve) => (finish = resolve)),
    );
    await busy?.ownership.stop(100);
    const owned = (await leaseRows(admin)).filter(({ owner }) => owner !== 'nobody').map(({ name }) => name);
    expect(owned).toEqual([leases[0]?.name]);
    finish();
    await working;
  });

  it('tries a release again that failed, instead of keeping what nobody may work on', async () => {
    const [first] = await started(1, 2_000);
    if (first === undefined) throw new Error('not started');
    const release = first.table.release.bind(first.table);
    let failures = 0;
    first.table.release = (leases) => {
      failures += 1;
      return failures < 3 ? Promise.reject(new Error('no connection')) : release(leases);
    };
    await started(1, 2_000);
    await shared(8);
    expect(failures).toBeGreaterThanOrEqual(3);
  });

  it('keeps a lease that was acquired anew when the loss of its old epoch is reported late', async () => {
    const [one] = await started(1);
    const [old] = one?.ownership.usable() ?? [];
    if (one === undefined || old === undefined) throw new Error('nothing owned');
    one.ownership.lost(old);
    await expire(admin, [old.name]);
    await shared(16);
    one.ownership.lost(old);
    expect(one.ownership.usable()).toHaveLength(16);
  });

  it('drops a lease whose protected transaction was refused', async () => {
    const [one] = await started(1, 30_000);
    const [lease] = one?.ownership.usable() ?? [];
    if (one === undefined || lease === undefined) throw new Error('nothing owned');
    // Nobody but the fence can find out.
    one.table.renew = (leases) => Promise.resolve(new Set(leases.map(({ name }) => name)));
    await expire(admin, [lease.name]);
    await expect(
      database.transaction((transaction) => one.ownership.protect(transaction, [lease])),
    ).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(one.ownership.usable()).not.toContainEqual(lease);
  });

  it('goes on above an epoch that a store has seen while the lease is its own all the same', async () => {
    const [one] = await started(1, 30_000);
    const [lease, other] = one?.ownership.usable() ?? [];
    if (one === undefined || lease === undefined || other === undefined) throw new Error('nothing owned');
    expect(await one.ownership.contest(lease, lease.epoch + 40n)).toBe('raised');
    const raised = { name: lease.name, epoch: lease.epoch + 41n };
    expect(one.ownership.usable()).toContainEqual(raised);
    expect(one.ownership.usable()).toContainEqual(other);
    expect(one.ownership.usable()).toHaveLength(RESOURCES.length);
    expect(await leaseRows(admin)).toContainEqual({ ...raised, owner: one.table.owner });
    // What comes from before that is refused, and does not take the new one along.
    expect(await one.ownership.use([lease], (usable) => Promise.resolve(usable))).toEqual([]);
    expect(await one.ownership.contest(lease, raised.epoch + 1n)).toBe('lost');
    expect(one.ownership.usable()).toContainEqual(raised);
    await database.transaction((transaction) => one.ownership.protect(transaction, [raised]));
  });

  it('takes no renewal that is answered while it raises an epoch for a loss', async () => {
    const [one] = await started(1, 30_000);
    const [lease] = one?.ownership.usable() ?? [];
    if (one === undefined || lease === undefined) throw new Error('nothing owned');
    const { table } = one;
    const [raise, renew] = [table.raise.bind(table), table.renew.bind(table)];
    let missed = 0;
    table.renew = async (leases) => {
      const kept = await renew(leases);
      if (!kept.has(lease.name)) missed += 1;
      return kept;
    };
    // The old epoch is missing in the second answer at the latest, and its reader has seen the first by then.
    table.raise = async (...asked) => {
      const raised = await raise(...asked);
      await eventually(() => missed > 1, { what: 'two renewals of the old epoch' });
      return raised;
    };
    expect(await one.ownership.contest(lease, lease.epoch + 40n)).toBe('raised');
    expect(one.ownership.usable()).toHaveLength(RESOURCES.length);
  });

  it('drops a lease that another has by now, and leaves the epoch to them', async () => {
    const [one] = await started(1, 30_000);
    const [lease] = one?.ownership.usable() ?? [];
    if (one === undefined || lease === undefined) throw new Error('nothing owned');
    // Nobody but the store that has seen a newer epoch can tell.
    one.table.renew = (leases) => Promise.resolve(new Set(leases.map(({ name }) => name)));
    await expire(admin, [lease.name]);
    const [taken] = await instanceOf(database, RESOURCES, 30_000).table.acquire([lease.name], 1);
    expect(await one.ownership.contest(lease, lease.epoch + 40n)).toBe('lost');
    expect(one.ownership.usable().map(({ name }) => name)).not.toContain(lease.name);
    expect((await leaseRows(admin)).find(({ name }) => name === lease.name)?.epoch).toBe(taken?.epoch);
  });

  it('takes nothing and stays no member when it is stopped before or while it starts', async () => {
    const [early, late] = [instanceOf(database, RESOURCES, 30_000), instanceOf(database, RESOURCES, 30_000)];
    await early.ownership.stop(1_000);
    await early.ownership.start();
    const starting = late.ownership.start();
    await Promise.all([starting, late.ownership.stop(1_000)]);
    expect((await leaseRows(admin)).filter(({ owner }) => owner !== 'nobody')).toEqual([]);
  });
});

const WRITE = statement('spec_write', 'INSERT INTO public.journal (name, epoch) VALUES ($1, $2)');
const JOURNAL = statement('spec_read_journal', 'SELECT name, epoch FROM public.journal ORDER BY id');

/** Works like an app: writes under the fence to everything that it may use, again and again. */
async function work({ ownership, table }: Instance, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await ownership.use(ownership.usable(), async (leases) => {
      for (const lease of leases) await write(ownership, table, lease);
    });
    await pause(1);
  }
}

async function write(
  ownership: Instance['ownership'],
  table: Instance['table'],
  lease: Lease,
): Promise<void> {
  try {
    await database.transaction(async (transaction: Transaction) => {
      await ownership.protect(transaction, [lease]);
      // A freeze that begins here holds the transaction open between the fence and what it protects.
      await table.whileFrozen();
      await transaction.query(WRITE, [lease.name, lease.epoch]);
    });
  } catch (error) {
    expect(error).toMatchObject({ code: 'LEASE_LOST' });
  }
}

describe('Under any joins, leaves and freezes', () => {
  const action = fc.record({
    kind: fc.constantFrom('join', 'leave', 'freeze', 'wake'),
    who: fc.nat(3),
    thenMs: fc.integer({ min: 0, max: 250 }),
  });

  it('the epochs of the writes to one resource never go down', async () => {
    const resources = RESOURCES.slice(0, 4);
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 8, maxLength: 14 }), async (actions) => {
        const stop = new AbortController();
        const workers: Promise<void>[] = [];
        const join = async (): Promise<void> => {
          const instance = instanceOf(database, resources, 150);
          instances.push(instance);
          await instance.ownership.start();
          workers.push(work(instance, stop.signal));
        };
        await join();
        for (const { kind, who, thenMs } of actions) {
          const instance = instances[who % instances.length];
          if (kind === 'join' && instances.length < 4) await join();
          if (kind === 'freeze') instance?.table.freeze();
          if (kind === 'wake') instance?.table.wake();
          if (kind === 'leave') {
            instance?.table.wake();
            await instance?.ownership.stop(500);
          }
          await pause(thenMs);
        }
        stop.abort();
        for (const { table } of instances) table.wake();
        await Promise.all(workers);
        await Promise.all(instances.splice(0).map(({ ownership }) => ownership.stop(2_000)));
        const newest = new Map<string, bigint>();
        for (const { name, epoch } of await admin.query<{ name: string; epoch: bigint }>(JOURNAL)) {
          expect(epoch).toBeGreaterThanOrEqual(newest.get(name) ?? 0n);
          newest.set(name, epoch);
        }
        expect(newest.size).toBe(resources.length);
      }),
      { numRuns: 6, endOnFailure: true },
    );
  }, 90_000);
});
