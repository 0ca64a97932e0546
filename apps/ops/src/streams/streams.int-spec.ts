import {
  GATEWAY_CLIENT_EVENTS,
  MAIL_DELIVERY_COMMANDS,
  NOTIFICATION_INTENTS,
  PROCESSOR_GROUP,
  telemetryStream,
  WEB_PUSH_GROUP,
} from '@app/common/contracts';
import { encodeAvl } from '@app/teltonika-codec';
import { odoSuite } from '../odo-suite.testing';

const IMEI = '356307042441013';

const suite = odoSuite();
const { odo } = suite;

const frame = encodeAvl({
  codecId: 8,
  records: [1, 2].map((second) => ({
    ...{ timestampMs: BigInt(second * 1000), priority: 0, longitude: 1, latitude: 2, altitudeM: 3 },
    ...{ angleDeg: 4, satellites: 5, speedKmh: 6, eventIoId: 0, flags: 0, io: [] },
  })),
});
const entry = {
  ...{ v: '1', traceparent: 't', imei: IMEI, transport: 'tcp', received_at: '1769846400000' },
  ...{ peer: `10.0.0.1:${IMEI}`, frame },
};
const neverAborts = new AbortController().signal;

describe('odo streams owners', () => {
  it('tells lease and epoch of every shard, and where the stream was read by another', async () => {
    await odo.query(
      `INSERT INTO ops.lease (name, owner, epoch, expires_at) VALUES
         ('shard:telemetry:0', 'host-a/1', 4, now() + interval '1 hour'),
         ('shard:telemetry:1', 'host-a/1', 9, now() - interval '1 hour')`,
    );
    await suite.streams.readOwned({
      stream: telemetryStream(0),
      group: 'p',
      consumer: 'a',
      epoch: 3n,
      count: 1,
    });
    await suite.streams.readOwned({
      stream: telemetryStream(1),
      group: 'p',
      consumer: 'a',
      epoch: 9n,
      count: 1,
    });
    const rows = await odo.many('streams', 'owners');
    expect(rows).toHaveLength(16);
    expect(rows[0]).toMatchObject({ shard: 0, owner: 'host-a/1', epoch: '4', stream_epoch: '3' });
    expect(rows[1]).toMatchObject({ shard: 1, owner: null, epoch: '9', expires_at: null, stream_epoch: '9' });
    expect(rows[2]).toEqual({ shard: 2, owner: null, epoch: null, expires_at: null, stream_epoch: null });
    expect(await odo.done('streams', 'owners')).toMatch(/^0 +host-a\/1 +4 +\S+ +3$/m);
  });
});

describe('odo streams lag', () => {
  it('tells what waits, what is pending, and says unknown where Redis cannot tell', async () => {
    const stream = telemetryStream(5);
    const ids = [await suite.streams.append(stream, entry), await suite.streams.append(stream, entry)];
    ids.push(await suite.streams.append(stream, entry));
    const read = { stream, group: PROCESSOR_GROUP, consumer: 'a', epoch: 1n, count: 1 };
    await suite.streams.readOwned(read);
    const [row, ...others] = await odo.many('streams', 'lag', '5');
    expect(others).toEqual([]);
    expect(row).toMatchObject({ stream, length: 3, group: PROCESSOR_GROUP, lag: 2, pending: 1 });
    expect(row).toMatchObject({ last_id: ids[2], warning: null });
    expect(row?.['oldest_age_ms']).toBeGreaterThanOrEqual(0);
    // An unread entry that was deleted.
    await suite.streams.resolveLetter(stream, ids[1] ?? '');
    expect((await odo.many('streams', 'lag', 'telemetry:teltonika:5'))[0]).toMatchObject({ lag: 'unknown' });
    await suite.streams.readOwned({ ...read, group: 'foreign' });
    const foreign = await odo.many('streams', 'lag', '5');
    expect(foreign.find(({ group }) => group === 'foreign')).toMatchObject({
      warning: 'not a group of ours',
    });
  });

  it('lists every shard with --all, and only what has something without', async () => {
    const all = await odo.many('streams', 'lag', 'telemetry:teltonika', '--all');
    expect(new Set(all.map(({ stream }) => stream)).size).toBeGreaterThanOrEqual(3);
    const some = await odo.many('streams', 'lag', 'telemetry:teltonika');
    expect(new Set(some.map(({ stream }) => stream))).toEqual(new Set([telemetryStream(5)]));
  });

  it('counts a group that is not made yet as having everything before it', async () => {
    await suite.streams.append(NOTIFICATION_INTENTS, { n: '1' });
    const [row] = await odo.many('streams', 'lag', NOTIFICATION_INTENTS);
    expect(row).toMatchObject({ group: 'notification', lag: 1, pending: 0 });
  });

  it('knows the group of a feature that may be off, and misses it nowhere', async () => {
    await suite.streams.append(GATEWAY_CLIENT_EVENTS, { n: '1' });
    const isOff = await odo.many('streams', 'lag', GATEWAY_CLIENT_EVENTS);
    expect(isOff).not.toContainEqual(expect.objectContaining({ group: WEB_PUSH_GROUP }));
    await suite.streams.ensureGroup(GATEWAY_CLIENT_EVENTS, WEB_PUSH_GROUP);
    const [row] = await odo.many('streams', 'lag', GATEWAY_CLIENT_EVENTS);
    expect(row).toMatchObject({ group: WEB_PUSH_GROUP, lag: 1, warning: null });
  });
});

describe('odo streams pending and claim', () => {
  it('tells who holds what, and lets go of what a dead consumer holds, audited', async () => {
    const group = 'notification';
    const request = { stream: NOTIFICATION_INTENTS, group, blockMs: 0, signal: neverAborts };
    await suite.streams.append(NOTIFICATION_INTENTS, { n: '2' });
    const taken = await suite.streams.readGroup({ ...request, consumer: 'dead', count: 9 });
    const ids = taken.map(({ id }) => id);
    expect(await odo.many('streams', 'pending', NOTIFICATION_INTENTS)).toEqual(
      ids.map((id) => ({
        ...{ stream: NOTIFICATION_INTENTS, group, consumer: 'dead', id, deliveries: 1 },
        idle_ms: expect.any(Number) as number,
      })),
    );
    const claim = ['streams', 'claim', NOTIFICATION_INTENTS, '--group', group, '--from'];
    expect(await odo.run(...claim, 'dead')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^STILL_IN_USE: .*alive/) as unknown,
    });
    expect((await odo.run(...claim, 'stranger')).err).toMatch(/^NOT_FOUND/);
    expect(await odo.auditOf(NOTIFICATION_INTENTS)).toEqual([]);

    expect(await odo.one(...claim, 'dead', '--idle', '1ms')).toEqual({ released: ids });
    const hourMs = 3_600_000;
    const living = { stream: NOTIFICATION_INTENTS, group, consumer: 'alive', minIdleMs: hourMs, count: 9 };
    expect((await suite.streams.claimIdle(living)).entries.map(({ id }) => id)).toEqual(ids);
    expect(await odo.auditOf(NOTIFICATION_INTENTS)).toMatchObject([
      { action: 'streams.claim', outcome: 'begun', had_before: true },
      { action: 'streams.claim', outcome: 'done', after: { released: ids } },
    ]);
  });

  it('says of a shard that its owner does it', async () => {
    const ran = await odo.run('streams', 'claim', '5', '--group', PROCESSOR_GROUP, '--from', 'a');
    expect(ran).toMatchObject({ status: 2, out: '' });
    expect(ran.err).toMatch(/the owner of a shard takes over by itself/);
    expect(await odo.auditOf(telemetryStream(5))).toEqual([]);
  });
});

describe('odo streams peek', () => {
  it('shows the newest with the number of records, IMEIs masked in every field unless asked for', async () => {
    const id = await suite.streams.append(telemetryStream(5), { ...entry, frame: Buffer.from('00', 'hex') });
    const rows = await odo.many('streams', 'peek', '5', '--count', '2');
    expect(rows[0]).toMatchObject({ id, records: expect.stringMatching(/^[A-Z_]+$/) as unknown });
    expect(rows[1]).toMatchObject({ records: 2, fields: { imei: '***********1013' } });
    for (const args of [
      ['streams', 'peek', '5'],
      ['streams', 'peek', '5', '--id', id],
    ]) {
      expect(await odo.done(...args)).not.toContain(IMEI);
      expect(JSON.stringify(await odo.json(...args))).not.toContain(IMEI);
      expect(await odo.done(...args, '--full')).toContain(IMEI);
    }
    const [oldest] = await odo.many('streams', 'peek', '5', '--oldest', '--count', '1');
    const shown = await odo.one('streams', 'peek', '5', '--id', String(oldest?.['id']));
    expect(shown).toMatchObject({ records: 2, decoded: [{ kind: 'avl' }] });
    expect((await odo.run('streams', 'peek', '5', '--id', '1-1')).err).toMatch(/^NOT_FOUND/);
  });

  it('shows what a group gets next: pending ones oldest first, then those that it was not given', async () => {
    const group = 'spec-next';
    const peekNext = ['streams', 'peek', MAIL_DELIVERY_COMMANDS, '--group', group, '--next'];
    const ids: string[] = [];
    for (const n of ['1', '2', '3', '4'])
      ids.push(await suite.streams.append(MAIL_DELIVERY_COMMANDS, { n, imei: IMEI }));
    expect((await odo.run(...peekNext)).err).toMatch(/^NOT_FOUND.*no group spec-next/);
    const read = {
      stream: MAIL_DELIVERY_COMMANDS,
      group,
      consumer: 'a',
      count: 1,
      blockMs: 0,
      signal: neverAborts,
    };
    await suite.streams.readGroup(read);
    await suite.streams.readGroup({ ...read, consumer: 'b' });
    const nobody = { held: null };
    const expected = [
      { id: ids[0], held: { consumer: 'a', deliveries: 1 } },
      { id: ids[1], held: { consumer: 'b', deliveries: 1 } },
      { id: ids[2], ...nobody },
      { id: ids[3], ...nobody },
    ];
    expect(await odo.many(...peekNext)).toMatchObject(expected);
    expect(await odo.many(...peekNext, '--count', '3')).toMatchObject(expected.slice(0, 3));
    expect(await odo.many(...peekNext, '--count', '1')).toMatchObject(expected.slice(0, 1));
    expect(await odo.done(...peekNext)).toMatch(/nobody yet +- +0/);
    expect(await odo.done(...peekNext)).not.toContain(IMEI);
    expect((await odo.run('streams', 'peek', MAIL_DELIVERY_COMMANDS, '--next')).err).toContain(
      'goes together',
    );
    // Looking has taken nothing.
    const taken = await suite.streams.readGroup({ ...read, count: 9 });
    expect(taken.map(({ id }) => id)).toEqual(ids.slice(2));
  });
});
