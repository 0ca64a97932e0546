import { type RedisMode } from '@app/common/config';
import { type Database, statement } from '@app/common/database';
import { eventually, type TestServers } from '@app/common/testing';
import { Passages } from './fail-over.testing';
import { type Stores, type System } from './system.testing';

/** `npm run test:topologies` takes the long form; `npm test` a sample. */
export const TAKES_ALL = process.env['ODOGRAPH_TOPOLOGIES'] === 'all';

const HOLD = statement('e2e_hold_positions', 'LOCK TABLE telemetry.position IN EXCLUSIVE MODE');

/** A suite's own database with another Redis than the suite's. */
export const withRedis = (servers: TestServers, redisUrl: string, redisMode: RedisMode): Stores => ({
  postgresUrl: (user) => servers.postgresUrl(user),
  ...{ redisUrl, redisMode },
});

/**
 * From when it resolves, no position becomes a row: what is acknowledged to devices meanwhile is in Redis and nowhere
 * else. The answer ends that.
 */
export function holdPositions(database: Database): Promise<() => Promise<void>> {
  return new Promise((held, failed) => {
    const transaction = database.transaction(async (open) => {
      await open.query(HOLD);
      await new Promise<void>((released) => {
        held(() => {
          released();
          return transaction;
        });
      });
    });
    transaction.catch(failed);
  });
}

/** Pids of all apps: the same ones afterwards mean that nobody started one anew. */
export const pidsOf = ({ stack }: System): (number | undefined)[] =>
  stack.names.map((name) => stack.pidOf(name));

/** Resolves when these say of themselves that they work, every server of their Redis included. */
export async function untilReady({ stack }: System, ...names: string[]): Promise<void> {
  await eventually(
    async () => {
      const { probes } = stack.addresses;
      const states = await Promise.all(
        names.map(async (name) => (await fetch(`http://127.0.0.1:${probes[name]}/readyz`)).status),
      );
      return states.every((status) => status === 200);
    },
    { what: `${names.join(', ')} to be ready`, timeoutMs: 30_000 },
  );
}

/** Nothing that was acknowledged is missing, nothing is there twice, and each device's records came in their order. */
export async function expectExact(system: System): Promise<void> {
  expect(system.unackedFrames).toBe(0);
  expect(await system.differences()).toEqual([]);
  const passages = await Passages.read(system.watch.database);
  expect(passages.outOfOrder()).toEqual([]);
}

/** Figures, on the terminal of whoever runs this alone. */
export function report(line: string): void {
  process.stderr.write(`${line}\n`);
}
