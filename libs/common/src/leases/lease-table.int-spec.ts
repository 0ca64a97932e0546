import { type Database, isTransactionTooSlow, statement, type Transaction } from '@app/common/database';
import { eventually, signal, testServers } from '@app/common/testing';
import { type Lease, LeaseTable } from './lease-table';
import { databaseOn, expire } from './leases.testing';

const LEASE_MS = 60_000;
const servers = testServers();
let database: Database;
let admin: Database;
let names: string[] = [];
let sequence = 0;

beforeAll(() => {
  database = databaseOn(servers.postgresUrl('odograph_processor'));
  admin = databaseOn(servers.postgresUrl());
});
afterAll(() => Promise.all([database.stop(1_000), admin.stop(1_000)]));
beforeEach(async () => {
  sequence += 1;
  names = ['a', 'b', 'c'].map((name) => `spec:${sequence}:${name}`);
  await new LeaseTable(database, 'anybody', LEASE_MS).ensure(names);
});

const tableOf = (owner: string): LeaseTable => new LeaseTable(database, owner, LEASE_MS);

async function acquired(table: LeaseTable): Promise<Lease> {
  const [lease] = await table.acquire(names.slice(0, 1), 1);
  if (lease === undefined) throw new Error('the lease was not free');
  return lease;
}

const fenced = (table: LeaseTable, lease: Lease): Promise<Lease[]> =>
  database.transaction((transaction) => table.fence(transaction, [lease]));

/** A protected transaction that stays open until told. */
async function holdOpen(table: LeaseTable, lease: Lease) {
  const open = signal<Lease[]>('protected transaction open');
  let finish: () => void = () => undefined;
  const done = database.transaction(async (transaction: Transaction) => {
    const finished = new Promise<void>((resolve) => (finish = resolve));
    open.emit(await table.fence(transaction, [lease]));
    await finished;
  });
  expect(await open.next()).toEqual([]);
  return { finish: () => (finish(), done), done };
}

describe('LeaseTable', () => {
  it('raises the epoch with every acquisition, also of a lease that was released or made anew', async () => {
    const [one, two] = [tableOf('one'), tableOf('two')];
    const first = await acquired(one);
    expect(await two.acquire(names.slice(0, 1), 1)).toEqual([]);
    await one.release([first]);
    await one.ensure(names);
    const second = await acquired(two);
    expect(second.epoch).toBe(first.epoch + 1n);
    await expire(admin, names);
    expect((await acquired(two)).epoch).toBe(second.epoch + 1n);
  });

  it('keeps the epoch at a renewal, and renews or releases nothing that is of another owner or epoch', async () => {
    const [one, two] = [tableOf('one'), tableOf('two')];
    const old = await acquired(one);
    expect(await one.renew([old])).toEqual(new Set([old.name]));
    await expire(admin, names);
    const newer = await acquired(two);
    expect(await one.renew([old])).toEqual(new Set());
    await one.release([old, newer]);
    expect(await two.renew([newer])).toEqual(new Set([newer.name]));
    expect(await fenced(two, newer)).toEqual([]);
  });

  it('gives each lease to one of many that ask at the same time, and no more than asked for', async () => {
    const tables = Array.from({ length: 6 }, (_, index) => tableOf(`owner ${index}`));
    const got = await Promise.all(tables.map((table) => table.acquire(names, 1)));
    const all = got.flat().map(({ name }) => name);
    expect(all.sort()).toEqual([...new Set(all)]);
    expect(Math.max(...got.map((leases) => leases.length))).toBe(1);
  });

  it('refuses a protected transaction of a lease that expired or was taken over, by name', async () => {
    const [one, two] = [tableOf('one'), tableOf('two')];
    const [first, other] = await one.acquire(names, 2);
    if (first === undefined || other === undefined) throw new Error('not acquired');
    await expire(admin, [first.name]);
    await database.transaction(async (transaction) =>
      expect(await one.fence(transaction, [first, other])).toEqual([first]),
    );
    const [newer] = await two.acquire([first.name], 1);
    expect(newer).toBeDefined();
    expect(await fenced(one, first)).toEqual([first]);
  });

  it('lets no take-over pass an open protected transaction, and takes the lease right after it', async () => {
    const [one, two] = [tableOf('one'), tableOf('two')];
    const lease = await acquired(one);
    const { finish } = await holdOpen(one, lease);
    await expire(admin, names);
    const others = await two.acquire(names, 3);
    expect(others.map(({ name }) => name).sort()).toEqual(names.slice(1));
    await finish();
    expect((await acquired(two)).epoch).toBe(lease.epoch + 1n);
  });

  it('renews and releases past an open protected transaction, which still holds the take-over off', async () => {
    const [one, two] = [tableOf('one'), tableOf('two')];
    const lease = await acquired(one);
    const { finish } = await holdOpen(one, lease);
    expect(await one.renew([lease])).toEqual(new Set([lease.name]));
    await one.release([lease]);
    expect(await two.acquire([lease.name], 1)).toEqual([]);
    await finish();
    expect(await two.acquire([lease.name], 1)).toHaveLength(1);
  });

  it('makes a fence wait for a take-over under way and then refuses it', async () => {
    const one = tableOf('one');
    const lease = await acquired(one);
    const taking = signal('taken, not committed');
    let commit: () => void = () => undefined;
    const takeOver = admin.transaction(async (transaction) => {
      const committed = new Promise<void>((resolve) => (commit = resolve));
      await transaction.query(
        statement('spec_lock_lease', 'SELECT name FROM ops.lease WHERE name = $1 FOR UPDATE'),
        [lease.name],
      );
      await transaction.query(
        statement(
          'spec_take_lease',
          "UPDATE ops.lease SET owner = 'two', epoch = epoch + 1, expires_at = 'infinity' WHERE name = $1",
        ),
        [lease.name],
      );
      taking.emit();
      await committed;
    });
    await taking.next();
    // Not expired as far as the fence can see: only the lock can tell it.
    const fence = fenced(one, lease);
    await commitWhenBlocked(fence, () => commit());
    await takeOver;
    expect(await fence).toEqual([lease]);
  });

  it('lets a frozen owner inside a protected transaction block no longer than transaction_timeout', async () => {
    await admin.query(
      statement(
        'spec_short_timeout',
        `DO $$ BEGIN EXECUTE format('ALTER ROLE odograph_processor IN DATABASE %I SET transaction_timeout = 300', current_database()); END $$`,
      ),
    );
    const short = databaseOn(servers.postgresUrl('odograph_processor'));
    const frozen = new LeaseTable(short, 'frozen', LEASE_MS);
    const lease = await acquired(frozen);
    const [open, thawed] = [signal('protected transaction open'), signal('thawed')];
    const startedAt = performance.now();
    const work = short.transaction(async (transaction) => {
      await frozen.fence(transaction, [lease]);
      open.emit();
      await thawed.next();
    });
    const outcome = rejectedAsTooSlow(work);
    await open.next();
    await expire(admin, names);
    await eventually(async () => (await tableOf('two').acquire([lease.name], 1)).length === 1, {
      what: 'the take-over',
    });
    expect(performance.now() - startedAt).toBeLessThan(1_300);
    thawed.emit();
    await outcome;
    await short.stop(1_000);
  });
});

async function rejectedAsTooSlow(work: Promise<unknown>): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isTransactionTooSlow(error)).toBe(true);
}

/** Lets the take-over commit once the fence is waiting for its lock. */
async function commitWhenBlocked(fence: Promise<unknown>, commit: () => void): Promise<void> {
  const waiting = statement(
    'spec_waiting',
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  let settled = false;
  void fence.finally(() => (settled = true));
  await eventually(async () => settled || (await admin.query(waiting)).length > 0, {
    what: 'the fence to wait for the lock',
  });
  expect(settled).toBe(false);
  commit();
}
