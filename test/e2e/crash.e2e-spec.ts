import { testServers } from '@app/common/testing';
import { System } from './system.testing';

describe.each(['processor', 'relay', 'notification'] as const)('kill -9 of the %s under load', (app) => {
  const servers = testServers();
  let system: System | undefined;
  afterEach(async () => {
    await system?.stop();
  });

  it('loses nothing and doubles nothing', async () => {
    system = await System.start(servers);
    const { stack, fleet } = system;
    const driven = fleet.run();
    await system.acked(300);
    await stack.kill(app);
    await stack.restart(app);
    await system.acked(900);
    await stack.kill(app);
    await stack.restart(app);
    await driven;
    expect(fleet.ledger.unackedFrames()).toEqual([]);
    expect(await system.differences()).toEqual([]);
  }, 180_000);
});
