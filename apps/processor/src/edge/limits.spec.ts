import fc from 'fast-check';
import { BadLogins } from './bad-logins';
import { ByteBudget, type ByteShare } from './byte-budget';
import { IdentityConflicts } from './identity-conflicts';
import { SessionTable, type TableSession } from './session-table';
import { edgeKit } from './session.testing';

describe('bad logins', () => {
  it('are counted by minute, and by the /64 of an IPv6 subscriber', () => {
    const logins = new BadLogins(2);
    logins.note('2001:db8:0:1::5', 0);
    logins.note('2001:db8::1:7:0:0:9', 59_999);
    expect(logins.isSpent('2001:db8:0:1:aaaa::', 59_999)).toBe(true);
    expect(logins.isSpent('2001:db8:0:2::5', 59_999)).toBe(false);
    expect(logins.isSpent('192.0.2.1', 59_999)).toBe(false);
    expect(logins.isSpent('2001:db8:0:1::5', 60_000)).toBe(false);
  });

  it('are remembered of so many addresses only', () => {
    const logins = new BadLogins(1);
    for (let index = 0; index <= 10_000; index += 1)
      logins.note(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, 0);
    expect(logins.isSpent('10.0.0.0', 0)).toBe(false);
    expect(logins.isSpent('10.0.0.1', 0)).toBe(true);
  });
});

it('bytes held are the sum over open shares, and everyone who waited is woken when there is room', () => {
  const step = fc.record({ share: fc.nat(4), bytes: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const budget = new ByteBudget(150);
      const waiting = new Set<number>();
      const shares: ByteShare[] = Array.from({ length: 5 }, (_, index) =>
        budget.open(() => void waiting.delete(index)),
      );
      const sum = (): number => shares.reduce((total, { held }) => total + held, 0);
      for (const { share: index, bytes } of steps) {
        const share = shares[index];
        if (share === undefined) continue;
        share.hold(bytes);
        if (!share.mayRead) waiting.add(index);
        expect(budget.used).toBe(sum());
        if (!share.mayRead) expect(share.held).toBeGreaterThan(150 / 5);
      }
      const [last, ...others] = shares;
      last?.hold(0);
      for (const share of others) share.close();
      expect([budget.used, waiting.has(0)]).toEqual([0, false]);
    }),
  );
});

describe('identity conflicts', () => {
  const at = (address: string, tick: number) => ({ address, heardAt: { tick } });

  it('are not a device that reconnects from where it was, nor one that wanders slowly', async () => {
    const kit = await edgeKit();
    const conflicts = new IdentityConflicts(kit.parts.metrics, kit.parts.logger);
    for (let tick = 0; tick < 100; tick += 1) {
      // Silent for six seconds, then back.
      expect(conflicts.note('1', at('a', tick * 6_000), at('a', 0), tick * 6_000 + 6_000)).toBe(false);
      // Another network every four minutes.
      expect(conflicts.note('2', at('a', 0), at('b', 0), tick * 240_000)).toBe(false);
    }
    expect(await kit.count('edge_identity_conflicts_total')).toBe(0);
  });

  it('end ten minutes after the first flap', async () => {
    const { parts } = await edgeKit();
    const conflicts = new IdentityConflicts(parts.metrics, parts.logger);
    const flaps = [0, 1, 2, 3, 599_999, 600_000].map((tick) =>
      conflicts.note('1', at('a', tick), at('a', tick), tick),
    );
    expect(flaps).toEqual([false, false, false, true, true, false]);
  });
});

function promised(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve: () => resolve() };
}

describe('a stop', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function fill(table: SessionTable, size: number): number[] {
    const retiredAtMs: number[] = [];
    const startedAtMs = Date.now();
    for (let index = 0; index < size; index += 1) {
      const { promise: closed, resolve: close } = promised();
      const session: TableSession = {
        address: 'a',
        heardAt: { tick: 0 },
        closed,
        retire: () => {
          retiredAtMs.push(Date.now() - startedAtMs);
          table.remove(session, undefined, Promise.resolve());
          close();
          return Promise.resolve();
        },
        abandon: close,
      };
      table.add(session);
    }
    return retiredAtMs;
  }

  it.each([
    [1_000, 10_000, 1_000, 980],
    [5, 10_000, 1_000, 0],
    [1_000, 200, 100, 100],
  ])(
    'of %d sessions within %d ms, %d a second, retires the last after %d ms',
    async (size, budgetMs, rate, lastMs) => {
      const { parts } = await edgeKit();
      const table = new SessionTable(new IdentityConflicts(parts.metrics, parts.logger));
      const retiredAtMs = fill(table, size);
      const drained = table.drain(budgetMs, rate);
      await jest.advanceTimersByTimeAsync(budgetMs);
      expect(await drained).toEqual({ abandoned: 0 });
      expect(retiredAtMs).toHaveLength(size);
      expect(retiredAtMs.at(-1)).toBe(lastMs);
      // Never more at once than a slice of the rate, but for what the budget cuts off.
      const first = retiredAtMs.filter((ms) => ms === 0).length;
      expect(first).toBeLessThanOrEqual(Math.max(5, rate / 50));
      expect(jest.getTimerCount()).toBe(0);
    },
  );
});
