import {
  PROCESSOR_GROUP,
  shardOf,
  TELEMETRY_SHARDS_FACT,
  telemetryDeadLetterStream,
  telemetryStream,
} from '@app/common/contracts';
import { textFields } from '@app/common/streams';
import { odoSuite } from '../odo-suite.testing';

const suite = odoSuite();
const { odo } = suite;
beforeAll(async () => {
  await odo.query('INSERT INTO ops.deployment (name, value) VALUES ($1, $2)', [TELEMETRY_SHARDS_FACT, '4']);
  await suite.streams.joinDeployment({ name: TELEMETRY_SHARDS_FACT, value: '4' });
});

const fact = async (): Promise<unknown> => (await suite.streams.deploymentFact(TELEMETRY_SHARDS_FACT)).value;
const recorded = async (): Promise<unknown> =>
  (await odo.query('SELECT value FROM ops.deployment'))[0]?.['value'];

async function refused(words: RegExp, to = '8'): Promise<void> {
  const before = [await fact(), await recorded()];
  for (const rest of [[], ['--dry-run']]) {
    const { status, err } = await odo.run('shards', 'reshard', '--to', to, ...rest);
    expect({ status, err }).toEqual({ status: 1, err: expect.stringMatching(words) as unknown });
  }
  expect([await fact(), await recorded()]).toEqual(before);
  expect(await odo.auditOf('telemetry-shards')).toEqual([]);
}

describe('odo shards reshard', () => {
  it('is refused while an ingest lives', async () => {
    await odo.query(
      `INSERT INTO ops.lease VALUES ('member:processor:host-a/1', 'host-a/1', 1, now() + interval '1 hour')`,
    );
    await refused(/^STILL_IN_USE: .*ingest host-a\/1 lives/);
    await odo.query(`UPDATE ops.lease SET expires_at = now() WHERE name LIKE 'member:%'`);
  });

  it('is refused while an edge lives', async () => {
    const member = { id: 'host-b/1', ttlMs: 3_600_000 };
    await suite.streams.joinDeployment({ name: TELEMETRY_SHARDS_FACT, value: '4', member });
    await refused(/^STILL_IN_USE: .*edge host-b\/1 lives/);
    expect(await odo.one('shards', 'show')).toEqual({
      ...{ recorded: 4, told_to_edges: 4, live_ingests: [], live_edges: ['host-b/1'] },
    });
    await suite.streams.leaveDeployment(TELEMETRY_SHARDS_FACT, 'host-b/1');
  });

  it('is refused until every entry is read and acknowledged', async () => {
    const stream = telemetryStream(3);
    const ids = [
      await suite.streams.append(stream, { n: '1' }),
      await suite.streams.append(stream, { n: '2' }),
    ];
    await refused(/not drained: telemetry:teltonika:\{3\} \(2 never read\)/);
    const read = { stream, group: PROCESSOR_GROUP, consumer: 'a', epoch: 1n, count: 1 };
    await suite.streams.readOwned(read);
    await refused(/1 pending/);
    await suite.streams.ackOwned({ ...read, ids: ids.slice(0, 1) });
    await refused(/not read to its end/);
    await suite.streams.readOwned(read);
    await suite.streams.ackOwned({ ...read, ids });
  });

  const imeis = Array.from({ length: 40 }, (_, i) => `3563070424${String(41013 + i)}`);
  const letters = async (): Promise<Record<string, number>> => {
    const places = await Promise.all(
      Array.from({ length: 16 }, async (_, shard) => {
        const entries = await suite.streams.range(telemetryDeadLetterStream(shard), '-', '+', 1_000);
        return entries.map((entry) => [textFields(entry)['imei'] ?? '', shard] as const);
      }),
    );
    expect(places.flat()).toHaveLength(imeis.length);
    return Object.fromEntries(places.flat());
  };
  const placesFor = (shards: number) =>
    Object.fromEntries(imeis.map((imei) => [imei, shardOf(imei, shards)]));

  it('moves dead letters to the shards of their devices, up and down again, each once', async () => {
    for (const imei of imeis) {
      await suite.streams.append(telemetryDeadLetterStream(shardOf(imei, 4)), { imei, error_code: 'X' });
    }
    expect(await odo.done('shards', 'reshard', '--to', '8')).toMatch(/TELEMETRY_SHARDS=8/);
    expect([await fact(), await recorded()]).toEqual(['8', '8']);
    expect(await letters()).toEqual(placesFor(8));
    expect(await odo.auditOf('telemetry-shards')).toMatchObject([
      { action: 'shards.reshard', outcome: 'updated', after: { shards: 8 } },
    ]);
    expect(await odo.one('shards', 'reshard', '--to', '3')).toMatchObject({
      ...{ outcome: 'updated', shards: 3 },
      removed_streams: expect.arrayContaining([telemetryStream(3), telemetryDeadLetterStream(7)]) as unknown,
    });
    expect(await letters()).toEqual(placesFor(3));
    expect(await suite.streams.info(telemetryStream(3), [])).toBeUndefined();
    expect(await odo.done('shards', 'reshard', '--to', '3')).toBe('there are 3 shards already\n');
  });

  it('goes on where it was cut off: the letter is in its new stream and still in the old one', async () => {
    const [imei = ''] = imeis;
    const target = telemetryDeadLetterStream(shardOf(imei, 3));
    const wrong = telemetryDeadLetterStream(12);
    const id = await suite.streams.append(wrong, { imei, error_code: 'Y' });
    const message = { dedupeId: `${wrong}/${id}`, fields: { imei, error_code: 'Y' } };
    await suite.streams.publishOnce({ stream: target, windowMs: 60_000, messages: [message] });
    await odo.done('shards', 'reshard', '--to', '3');
    const found = await suite.streams.range(target, '-', '+', 1_000);
    expect(found.filter((entry) => textFields(entry)['error_code'] === 'Y')).toHaveLength(1);
    expect(await suite.streams.info(wrong, [])).toBeUndefined();
  });

  it('mends a Redis that says another number', async () => {
    await suite.streams.switchDeployment(TELEMETRY_SHARDS_FACT, '99');
    await odo.done('shards', 'reshard', '--to', '3');
    expect([await fact(), await recorded()]).toEqual(['3', '3']);
  });
});
