import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc16, encodeAvl, encodeLogin } from '@app/teltonika-codec';
import { FLEET_EVENTS } from '@app/common/contracts';
import { append } from '@app/common/outbox';
import { eventually, testServers, type TestServers } from '@app/common/testing';
import { APPS } from '../../tools/demo';
import { faultPoints, isOfCommands, takesAllFaults, type FaultPoint } from './fault-points.testing';
import { odo } from './odo.testing';
import { OutboxEyes, plantedDraft } from './outbox.testing';
import { System } from './system.testing';

/**
 * Points that this does not reach: the relay passes the first one while it starts (its recovery.int-spec.ts crashes
 * there), command-faults.e2e-spec.ts crashes at those that belong to commands to devices, and
 * notification/faults.e2e-spec.ts at those of notification, since a fleet does not give it all that it can get.
 */
const isReached = (fault: FaultPoint): boolean =>
  fault.point !== 'drain.between-claims' && !isOfCommands(fault) && fault.app !== 'notification';

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

/** A fleet alone gives the retry lane nothing to do. */
const isOfRetryLane = ({ point }: FaultPoint): boolean =>
  point.startsWith('retry.') || (point.startsWith('drain.') && point.includes('park'));

/**
 * A message that can never go out, one behind it and a timer, beside the fleet's. Resolves when the first has been
 * skipped and the others are out, to the event ids of these.
 */
async function occupyRetryLane(eyes: OutboxEyes, servers: TestServers): Promise<string[]> {
  const [key, timer] = ['planted', plantedDraft('timer')];
  const poison = await eyes.poison(FLEET_EVENTS, key);
  const behind = plantedDraft('behind', key);
  await eyes.database.transaction(async (transaction) => {
    await append(transaction, behind);
    await append(transaction, timer, { activateIn: 0 });
  });
  await eventually(async () => (await eyes.letters()).includes(poison), {
    ...{ what: 'the letter', timeoutMs: 30_000 },
  });
  const skipped = await odo(servers, 'outbox', 'skip', poison, '--reason', 'planted');
  expect(skipped).toMatchObject({ status: 0 });
  const planted = [behind.eventId, timer.eventId];
  await eventually(async () => new Set(await eyes.standingOf(planted)).size === planted.length, {
    ...{ what: 'what was planted', timeoutMs: 30_000 },
  });
  return planted;
}

/** Between two durable steps, where a repeat must change nothing. `npm run test:faults` takes all points. */
const SAMPLE = new Set([
  'edge.after-append',
  'sink.after-commit',
  'drain.after-publish',
  'retry.after-publish',
  'publishers.after-publish',
]);
const isWanted = (fault: FaultPoint): boolean =>
  takesAllFaults() ? isReached(fault) : SAMPLE.has(fault.point);

describe.each(faultPoints(APPS).filter(isWanted))('a crash of $app at $point', ({ app, point }) => {
  const servers = testServers();
  const folder = mkdtempSync(join(tmpdir(), 'odograph-fault-'));
  const struck = join(folder, 'struck');
  let system: System | undefined;
  let eyes: OutboxEyes | undefined;
  afterAll(async () => {
    await eyes?.close();
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('loses nothing and doubles nothing', async () => {
    system = await System.start(servers, {
      ...{ vehicles: 10, recordsPerSecond: 200, forMs: 2500, restartDead: true },
      quickRelay: isOfRetryLane({ app, point }),
      settings: { [app]: { ODOGRAPH_FAULT: point, ODOGRAPH_FAULT_ONCE: struck } },
    });
    const { fleet, stack } = system;
    const driven = fleet.run();
    eyes = await OutboxEyes.open(system, servers);
    if (/^edge\..*-park$/.test(point)) await sendParkedFrame(stack.edgeOf('processor'));
    const planted = isOfRetryLane({ app, point }) ? await occupyRetryLane(eyes, servers) : [];
    await driven;
    await eventually(() => existsSync(struck), { timeoutMs: 20_000, what: `the crash at ${point}` });
    expect(fleet.ledger.unackedFrames()).toEqual([]);
    expect(await system.differences()).toEqual([]);
    expect((await eyes.standingOf(planted)).toSorted()).toEqual(planted.toSorted());
  }, 120_000);
});
