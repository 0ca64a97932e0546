import {
  COMMAND_RESPONSES,
  CONTRACT_VERSION,
  deviceCommandsStream,
  outboundStream,
  type CommandOutcome,
} from '@app/common/contracts';
import { Database } from '@app/common/database';
import { createLogger } from '@app/common/observability';
import { text, textFields } from '@app/common/streams';
import { eventually } from '@app/common/testing';
import { CommandsService, expireOverdue } from '../commands';
import { odoSuite } from '../odo-suite.testing';

const IMEI = '356307042441013';
const OTHER = '356307042441021';
const INSTANCE = 'edge:1';

afterAll(async () => {
  await recorder?.stop();
  await database?.stop(1_000);
});
const suite = odoSuite();
const { odo, servers } = suite;
let database: Database | undefined;
let recorder: CommandsService | undefined;
const logger = createLogger({ app: 'test', level: 'silent' });

beforeAll(async () => {
  for (const imei of [IMEI, OTHER]) await odo.done('device', 'add', imei);
});

/** Tells as an edge does. */
async function tell(commandId: string, outcome: CommandOutcome, payload?: Buffer): Promise<void> {
  await suite.streams.append(COMMAND_RESPONSES, {
    ...{ v: CONTRACT_VERSION, traceparent: 't', outcome, imei: IMEI, instance: INSTANCE },
    ...{ command_id: commandId, at_ms: String(Date.now()) },
    ...(payload === undefined ? {} : { payload }),
  });
}

/** Runs the command line with an edge that has the device and answers like this. Resolves when both are done. */
async function sendTo(answers: readonly (readonly [CommandOutcome, Buffer?])[], ...args: string[]) {
  await suite.streams.claimConnection({ imei: IMEI, instance: INSTANCE, ttlMs: 60_000 });
  const from = await suite.streams.lastIds([outboundStream(INSTANCE)]);
  const ran = odo.run('device', 'send', IMEI, 'getver', ...args);
  await suite.streams.waitForEntries(from, 10_000, new AbortController().signal);
  const [note] = await suite.streams.range(
    outboundStream(INSTANCE),
    `(${from.get(outboundStream(INSTANCE)) ?? '0-0'}`,
    '+',
    1,
  );
  expect(note && textFields(note)).toEqual({ v: '1', kind: 'command', imei: IMEI });
  const command = (await suite.streams.range(deviceCommandsStream(IMEI), '-', '+', 99)).at(-1);
  const id = (command && text(command, 'command_id')) ?? '';
  for (const [outcome, payload] of answers) await tell(id, outcome, payload);
  return { ...(await ran), id };
}

const rowOf = async (id: string) =>
  (await odo.query('SELECT state, answer, sent_at, settled_at FROM ops.command WHERE id = $1', [id]))[0];
const auditOf = (id: string) =>
  odo.query(
    `SELECT action, actor, details->>'outcome' AS outcome, details->>'answer' AS answer FROM ops.audit
     WHERE details->>'command_id' = $1 OR details->'after'->>'id' = $1 ORDER BY id`,
    [id],
  );

describe('odo device send', () => {
  it('prints the answer of a device that is connected, and both are in the audit', async () => {
    const { id, ...ran } = await sendTo([['sent'], ['answered', Buffer.from('Ver:03.28')]], '--actor', 'ann');
    expect(ran).toEqual({ status: 0, out: 'Ver:03.28\n', err: '' });
    expect(await rowOf(id)).toMatchObject({ state: 'answered', answer: Buffer.from('Ver:03.28') });
    expect(await auditOf(id)).toEqual([
      { action: 'device.send', actor: 'ann', outcome: 'added', answer: null },
      { action: 'device.answer', actor: `edge:${INSTANCE}`, outcome: 'answered', answer: 'Ver:03.28' },
    ]);
  });

  it('tells by its exit status what became of it', async () => {
    const nacked = await sendTo([['sent'], ['nacked', Buffer.alloc(0)]], '--codec', '14');
    expect(nacked).toMatchObject({ status: 3, out: expect.stringContaining('nacked') as string });
    expect((await sendTo([['sent'], ['unknown']])).status).toBe(4);
    expect((await sendTo([['expired']])).status).toBe(1);
    const binary = await sendTo([['answered', Buffer.from([0, 255])]], '--json');
    expect(JSON.parse(binary.out)).toMatchObject({ id: binary.id, state: 'answered', answer: '0x00ff' });
    expect(await rowOf(binary.id)).toMatchObject({ state: 'answered', answer: Buffer.from([0, 255]) });
  });

  it('queues for a device that is not connected, once', async () => {
    const { status, out } = await odo.run('device', 'send', OTHER, 'getinfo', '--queue-for', '2h');
    expect({ status, out }).toEqual({
      status: 5,
      out: expect.stringMatching(/^queued until .+: the device is not connected\n$/) as string,
    });
    const waiting = await suite.streams.range(deviceCommandsStream(OTHER), '-', '+', 99);
    expect(waiting.map(textFields)).toMatchObject([
      { imei: OTHER, codec: '12', text: 'getinfo', timeout_ms: '60000' },
    ]);
    const expiresInMs = Number(text(waiting[0] ?? fail(), 'expires_at_ms')) - Date.now();
    expect(expiresInMs).toBeGreaterThan(2 * 3_600_000 - 60_000);
    expect(await odo.done('device', 'commands', OTHER)).toMatch(/queued +getinfo/);
  });

  it('refuses what no device could take', async () => {
    for (const args of [
      ['356307042441099', 'getver'],
      [IMEI, ''],
      [IMEI, 'ger\n'],
      [IMEI, 'getver', '--timeout', '11m'],
      [IMEI, 'getver', '--codec', '13'],
    ])
      expect((await odo.run('device', 'send', ...args)).status).toBeGreaterThan(0);
    expect(await suite.streams.range(deviceCommandsStream('356307042441099'), '-', '+', 9)).toEqual([]);
  });
});

describe('the record of commands', () => {
  beforeAll(async () => {
    database = new Database({
      url: servers.postgresUrl('odograph_ops'),
      ...{ poolSize: 2, applicationName: 'test', startupTimeoutMs: 5_000, logger },
    });
    await database.start();
    recorder = new CommandsService({
      database,
      streams: suite.streams,
      logger,
      consumer: 'ops:1',
      keepMs: 60_000,
    });
    await recorder.start();
  });

  it('is written when nobody waits, once, and a final outcome stays', async () => {
    const [row] = await odo.query('SELECT id::text FROM ops.command WHERE imei = $1', [OTHER]);
    const id = String(row?.['id']);
    await tell(id, 'sent');
    await tell(id, 'unknown');
    await tell(id, 'answered', Buffer.from('RTC:1'));
    await tell(id, 'unknown');
    await tell(id, 'answered', Buffer.from('RTC:1'));
    await tell(id, 'sent');
    await eventually(async () => (await suite.streams.info(COMMAND_RESPONSES, []))?.groups[0]?.lag === 0, {
      what: 'all reports to be read',
    });
    await eventually(async () => (await rowOf(id))?.['state'] === 'answered', { what: 'the record' });
    const written = await rowOf(id);
    expect(written).toMatchObject({ state: 'answered', answer: Buffer.from('RTC:1') });
    expect(written?.['sent_at']).not.toBeNull();
    expect((await auditOf(id)).map(({ action, outcome }) => `${String(action)} ${String(outcome)}`)).toEqual([
      ...['device.send added', 'device.answer unknown', 'device.answer answered'],
    ]);
  });

  it('ends what nobody will tell of any more', async () => {
    const overdue = async (state: string, expiresAt: string, sentAt: string | null) => {
      const [row] = await odo.query(
        `INSERT INTO ops.command (id, device_id, tenant_id, imei, actor, codec, text, timeout_ms, state, expires_at, sent_at)
         SELECT gen_random_uuid(), id, tenant_id, imei, 'ann', 12, 'getver', 1000, $1, now() + $2::interval, now() + $3::interval
         FROM telemetry.device WHERE imei = $4 RETURNING id::text`,
        [state, expiresAt, sentAt, IMEI],
      );
      return String(row?.['id']);
    };
    const ids = [
      await overdue('queued', '-1 h', null),
      await overdue('queued', '1 h', null),
      await overdue('sent', '-1 h', '-1 h'),
      await overdue('sent', '-1 h', '-1 min'),
      await overdue('answered', '-1 h', '-1 h'),
    ];
    if (database === undefined) throw new Error('the recorder has no database');
    await expireOverdue(database, 5 * 60_000);
    const states = await Promise.all(ids.map(async (id) => (await rowOf(id))?.['state']));
    expect(states).toEqual(['expired', 'queued', 'unknown', 'sent', 'answered']);
    expect(await auditOf(ids[0] ?? '')).toMatchObject([{ action: 'device.answer', outcome: 'expired' }]);
    expect(await auditOf(ids[1] ?? '')).toEqual([]);
  });
});

function fail(): never {
  throw new Error('nothing is queued');
}
