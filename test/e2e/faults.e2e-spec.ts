import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc16, encodeAvl, encodeLogin } from '@app/teltonika-codec';
import { eventually, testServers } from '@app/common/testing';
import { APPS } from '../../tools/demo';
import { faultPoints, isOfCommands, takesAllFaults, type FaultPoint } from './fault-points.testing';
import { System } from './system.testing';

/**
 * Points that a driving fleet does not reach: the relay passes the first one while it starts, and the others of its own
 * only where a stream refuses a message (its own specs crash at all of them); command-faults.e2e-spec.ts crashes at those
 * which belong to commands to devices.
 */
const isReached = (fault: FaultPoint): boolean =>
  !['drain.between-claims', 'drain.before-park-commit', 'drain.after-park'].includes(fault.point) &&
  !fault.point.startsWith('retry.') &&
  !isOfCommands(fault);

/** A frame that the edge parks by itself: its checksum is good and its two counts differ. */
async function sendParkedFrame(address: { host: string; port: number }): Promise<void> {
  const frame = encodeAvl({ codecId: 8, records: [] });
  frame[9] = 1;
  frame.writeUInt32BE(crc16(frame, 8, frame.length - 4), frame.length - 4);
  const socket = connect(address);
  socket.on('error', () => undefined);
  socket.write(encodeLogin('356307042441013'));
  await once(socket, 'data');
  socket.write(frame);
  await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  socket.destroy();
}

/** Between two durable steps, where a repeat must change nothing. `npm run test:faults` takes all points. */
const SAMPLE = new Set([
  'edge.after-append',
  'sink.after-commit',
  'drain.after-publish',
  'publishers.after-publish',
]);
const isWanted = (fault: FaultPoint): boolean =>
  takesAllFaults() ? isReached(fault) : SAMPLE.has(fault.point);

describe.each(faultPoints(APPS).filter(isWanted))('a crash of $app at $point', ({ app, point }) => {
  const servers = testServers();
  const folder = mkdtempSync(join(tmpdir(), 'odograph-fault-'));
  const struck = join(folder, 'struck');
  let system: System | undefined;
  afterAll(async () => {
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('loses nothing and doubles nothing', async () => {
    system = await System.start(servers, {
      ...{ vehicles: 10, recordsPerSecond: 200, forMs: 2500, restartDead: true },
      settings: { [app]: { ODOGRAPH_FAULT: point, ODOGRAPH_FAULT_ONCE: struck } },
    });
    const { fleet, stack } = system;
    const driven = fleet.run();
    if (point.endsWith('-park')) await sendParkedFrame(stack.edgeOf('processor'));
    await driven;
    await eventually(() => existsSync(struck), { timeoutMs: 20_000, what: `the crash at ${point}` });
    expect(fleet.ledger.unackedFrames()).toEqual([]);
    expect(await system.differences()).toEqual([]);
  }, 120_000);
});
