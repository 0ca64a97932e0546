import { AvlWalk, encodeAck } from '@app/teltonika-codec';
import { loadRecordDigest } from '@app/common/contracts';
import { freePort } from '@app/common/testing';
import { Fleet, type FleetOptions } from './fleet';
import { recordKey } from './ledger';
import { DEMO_SCENARIO } from './scenario';
import { startScriptedEdge, type Script, type ScriptedEdge } from './scripted-edge.testing';

let edge: ScriptedEdge | undefined;
afterEach(async () => {
  await edge?.stop();
  edge = undefined;
});

async function runAgainst(script: Script, options: Partial<FleetOptions> = {}): Promise<Fleet> {
  edge = await startScriptedEdge(script);
  const fleet = await Fleet.create({
    ...{ host: '127.0.0.1', port: edge.port, vehicles: 8, recordsPerSecond: 800, forMs: 1000, seed: 11 },
    ...{ scenario: DEMO_SCENARIO, signal: new AbortController().signal, graceMs: 10_000 },
    ...options,
  });
  await fleet.run();
  return fleet;
}

/** Keys of all records that the edge got, in frames that decode. */
async function keysAt({ frames }: ScriptedEdge, { ledger }: Fleet): Promise<Set<string>> {
  const digest = await loadRecordDigest();
  const walk = new AvlWalk();
  const undecodable = new Set(ledger.parked.map(({ frame }) => frame.toString('hex')));
  const keys = new Set<string>();
  for (const { imei, hex } of frames.filter((frame) => !undecodable.has(frame.hex))) {
    for (const record of walk.read(Buffer.from(hex, 'hex'))) {
      keys.add(recordKey(imei, record.timestampMs, digest(walk.recordBytes(record))));
    }
  }
  return keys;
}

const ledgerKeys = ({ ledger }: Fleet): Set<string> =>
  new Set(
    ledger.devices.flatMap((imei) =>
      ledger.recordsOf(imei).map(({ timeMs, digest }) => recordKey(imei, timeMs, digest)),
    ),
  );

it('delivers all it has to an edge that answers, and the ledger holds exactly what arrived', async () => {
  const fleet = await runAgainst({});
  const stats = fleet.stats();

  expect(fleet.ledger.unackedFrames()).toEqual([]);
  expect(fleet.ledger.wrongAnswers).toEqual([]);
  expect(edge && (await keysAt(edge, fleet))).toEqual(ledgerKeys(fleet));
  expect(stats.sentRecords).toBe(ledgerKeys(fleet).size);
  expect(stats.ackedRecords).toBe(stats.sentRecords);
  // Among the acts are frames that are sent again though they were acked.
  expect(stats.resentFrames).toBeGreaterThan(0);
  expect(stats.ackP99Ms).toBeGreaterThan(0);
  expect(fleet.ledger.parked.map(({ isAcked }) => isAcked)).toEqual([true]);
});

it('sends a frame again after a lost ack, a dropped line and a refused login, until it is acked', async () => {
  const fleet = await runAgainst({
    onFrame: (_imei, count) => (count % 13 === 0 ? 'hang-up' : count % 17 === 0 ? 'ack-and-hang-up' : 'ack'),
    acceptsLogin: (_imei, count) => count !== 2,
  });
  expect(fleet.ledger.unackedFrames()).toEqual([]);
  expect(edge && (await keysAt(edge, fleet))).toEqual(ledgerKeys(fleet));
  expect(fleet.stats().refusedLogins).toBe(8);
});

it('counts only acks as promises: without them every sent frame stays open', async () => {
  const fleet = await runAgainst({ onFrame: () => 'hang-up' }, { vehicles: 2, graceMs: 0 });
  expect(fleet.stats().ackedRecords).toBe(0);
  // One packet at a time: none follows one that was not acked.
  expect(fleet.ledger.unackedFrames()).toHaveLength(2);
  const [imei = ''] = fleet.ledger.devices;
  expect(fleet.ledger.recordsOf(imei).map(({ isAcked }) => isAcked)).not.toContain(true);
});

it('complains about an ack of another number and does not take it', async () => {
  const fleet = await runAgainst({ onFrame: () => encodeAck(99) }, { vehicles: 1, graceMs: 0 });
  expect(fleet.ledger.wrongAnswers[0]).toMatch(/records were answered with 99$/);
  expect(fleet.ledger.unackedFrames()).toHaveLength(1);
});

it('waits for an edge that is down, and ends at once when it is told to', async () => {
  const abort = new AbortController();
  const fleet = await Fleet.create({
    ...{ host: '127.0.0.1', port: await freePort(), vehicles: 3, recordsPerSecond: 30, forMs: 60_000 },
    ...{ seed: 1, scenario: DEMO_SCENARIO, signal: abort.signal },
  });
  const running = fleet.run();
  abort.abort();
  const stats = await running;
  expect(stats.sentRecords).toBe(0);
  expect(fleet.ledger.unackedFrames()).toEqual([]);
});
