import { Redis } from 'ioredis';
import { telemetryDeadLetterStream, telemetryStream } from '@app/common/contracts';
import { eventually } from '@app/common/testing';
import { odoSuite } from '../odo-suite.testing';

const IMEI = '356307042441013';

afterAll(() => redis.disconnect());
const suite = odoSuite();
const { odo, servers } = suite;
let redis: Redis;
beforeAll(() => {
  redis = new Redis(servers.redisUrl, { retryStrategy: () => null });
});

const original = {
  ...{ v: '1', traceparent: 't', imei: IMEI, transport: 'tcp', received_at: '1769846400000' },
  ...{ peer: '10.0.0.1:1', frame: Buffer.from([0, 255, 10, 13]) },
};

const park = (shard: number, code: string): Promise<string> =>
  suite.streams.append(telemetryDeadLetterStream(shard), {
    ...original,
    ...{ source_stream: telemetryStream(shard), source_id: '5-5', error_code: code, error_message: 'why' },
    ...{ attempts: '3', first_failed_at: '1769846400000', failed_at: '1769846401000', app_version: '1.0.0' },
  });

describe('odo dlq', () => {
  it('shows the letters of all shards as one list, newest first', async () => {
    const older = `3/${await park(3, 'UNKNOWN_DEVICE')}`;
    // The newest is told by ids of different shards, which are times: another millisecond.
    await eventually(() => Date.now() > Number(older.split(/[/-]/)[1]) && true, {
      what: 'the next millisecond',
    });
    const newer = `9/${await park(9, 'RECORD_REJECTED')}`;
    const rows = await odo.many('dlq', 'list');
    expect(rows.map(({ letter }) => letter)).toEqual([newer, older]);
    expect(rows[1]).toMatchObject({ error_code: 'UNKNOWN_DEVICE', attempts: 3, imei: '***********1013' });
    expect(await odo.many('dlq', 'list', '--code', 'UNKNOWN_DEVICE')).toHaveLength(1);
    expect(await odo.many('dlq', 'list', '--imei', '356307042441021')).toEqual([]);
    const shown = await odo.one('dlq', 'show', older);
    expect(shown).toMatchObject({
      ...{ letter: older, imei: '***********1013', frame: '00ff0a0d', peer: '10.0.0.1:1', attempts: '3' },
      ...{ first_failed_at: '2026-01-31T08:00:00.000Z', failed_at: '2026-01-31T08:00:01.000Z' },
      ...{ error_code: 'UNKNOWN_DEVICE', error_message: 'why', source_id: '5-5' },
      records: expect.any(String) as unknown,
    });
    expect((await odo.run('dlq', 'show', '3/1-1')).err).toMatch(/^NOT_FOUND/);
  });

  it('sends a letter back once, byte for byte, and says so in the audit', async () => {
    const id = await park(4, 'UNKNOWN_DEVICE');
    const dry = await odo.one('dlq', 'replay', `4/${id}`, '--dry-run');
    expect(dry).toEqual({ letters: [{ letter: `4/${id}`, kind: 'chosen' }], dry_run: true });
    expect(await suite.streams.range(telemetryStream(4), '-', '+', 9)).toEqual([]);
    expect(await odo.auditOf(`dlq:4/${id}`)).toEqual([]);

    expect(await odo.done('dlq', 'replay', `4/${id}`)).toBe('1 replayed\n');
    const [entry] = await suite.streams.range(telemetryStream(4), '-', '+', 9);
    const expected = Object.entries({ ...original, replay_of: id }).map(([name, value]) => [
      name,
      Buffer.from(value).toString('latin1'),
    ]);
    expect([...(entry?.fields ?? [])].map(([name, value]) => [name, value.toString('latin1')])).toEqual(
      expected,
    );
    expect(await odo.many('dlq', 'list', '--imei', IMEI)).toHaveLength(2);
    expect((await odo.run('dlq', 'replay', `4/${id}`)).err).toMatch(/^NOT_FOUND/);
    expect(await odo.auditOf(`dlq:4/${id}`)).toMatchObject([
      { action: 'dlq.replay', outcome: 'begun' },
      { action: 'dlq.replay', outcome: 'done', after: { kind: 'replayed', entryId: entry?.id } },
    ]);
  });

  it('drains by code: each letter of it once, those of others stay', async () => {
    expect((await odo.run('dlq', 'replay')).err).toMatch(/name one letter, or --all/);
    const ran = await odo.one('dlq', 'replay', '--code', 'UNKNOWN_DEVICE');
    expect(ran['letters']).toMatchObject([{ kind: 'replayed' }]);
    expect((await odo.many('dlq', 'list')).map(({ error_code: code }) => code)).toEqual(['RECORD_REJECTED']);
    expect(await odo.done('dlq', 'replay', '--code', 'UNKNOWN_DEVICE')).toBe('no letter\n');
  });

  it('says of each letter what became of it where one cannot go back', async () => {
    const [good, bad] = [await park(6, 'CRC_REPEATED'), await park(7, 'CRC_REPEATED')];
    // The target of one of the two is no stream.
    await redis.set(telemetryStream(7), 'no stream');
    const ran = await odo.run('dlq', 'replay', '--code', 'CRC_REPEATED');
    expect(ran).toMatchObject({ status: 1, out: '1 replayed, 1 failed\n' });
    expect(await odo.auditOf(`dlq:6/${good}`)).toMatchObject([{}, { after: { kind: 'replayed' } }]);
    expect(await odo.auditOf(`dlq:7/${bad}`)).toMatchObject([{}, { after: { kind: 'failed' } }]);
    await redis.del(telemetryStream(7));
    expect(await odo.done('dlq', 'replay', `7/${bad}`)).toBe('1 replayed\n');
  });

  it('takes a letter away for a reason', async () => {
    expect((await odo.run('dlq', 'resolve', '--all')).status).toBe(2);
    const [{ letter } = { letter: '' }] = await odo.many('dlq', 'list');
    expect(await odo.done('dlq', 'resolve', String(letter), '--reason', 'a test device')).toBe(
      '1 resolved\n',
    );
    expect(await odo.many('dlq', 'list')).toEqual([]);
    expect(await odo.auditOf(`dlq:${String(letter)}`)).toMatchObject([
      { action: 'dlq.resolve', outcome: 'begun', had_before: true },
      { action: 'dlq.resolve', outcome: 'done', after: { kind: 'resolved', reason: 'a test device' } },
    ]);
  });
});
