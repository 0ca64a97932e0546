import { eventually, testServers } from '@app/common/testing';
import { LEASE_TIME_MS, System } from './system.testing';

/** A take-over takes at most the lease and two seconds; a busy test machine gets some more to notice. */
const TAKE_OVER_MS = LEASE_TIME_MS + 2000 + 10_000;

describe('two processors', () => {
  const servers = testServers();
  let system: System | undefined;
  afterEach(async () => {
    await system?.stop();
    system = undefined;
  });
  const sharesBecome = (expected: Record<string, number>) =>
    eventually(async () => expect(await system?.shards()).toEqual(expected), {
      timeoutMs: TAKE_OVER_MS,
      what: `shards shared as ${JSON.stringify(expected)}`,
    });

  it('share the shards, take over from a killed one, and share again', async () => {
    system = await System.start(servers, { processors: 2 });
    const { stack, fleet } = system;
    await sharesBecome({ processor: 8, 'processor-2': 8 });
    const driven = fleet.run();
    await system.acked(300);
    await stack.kill('processor-2');
    await sharesBecome({ processor: 16 });
    await stack.restart('processor-2');
    await sharesBecome({ processor: 8, 'processor-2': 8 });
    await driven;
    expect(await system.differences()).toEqual([]);
  }, 180_000);

  it('stand a freeze past the lease: the one that wakes up can neither read nor write', async () => {
    system = await System.start(servers, { processors: 2, forMs: 15_000 });
    const { stack, fleet } = system;
    await sharesBecome({ processor: 8, 'processor-2': 8 });
    const driven = fleet.run();
    await system.acked(300);
    stack.pause('processor-2');
    await sharesBecome({ processor: 16 });
    await system.acked(1200);
    stack.resume('processor-2');
    await sharesBecome({ processor: 8, 'processor-2': 8 });
    await driven;
    expect(await system.differences()).toEqual([]);
  }, 180_000);

  it('hand over at once when one is stopped in order, and end with status 0', async () => {
    system = await System.start(servers, { processors: 2 });
    const { stack, fleet } = system;
    await sharesBecome({ processor: 8, 'processor-2': 8 });
    const driven = fleet.run();
    await system.acked(300);
    await stack.kill('processor-2', 'SIGTERM');
    await sharesBecome({ processor: 16 });
    await driven;
    expect(await system.differences()).toEqual([]);
    expect(await system.stop()).toEqual([]);
    system = undefined;
  }, 180_000);
});
