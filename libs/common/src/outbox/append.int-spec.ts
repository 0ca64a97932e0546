import { Client } from 'pg';
import pino from 'pino';
import {
  FLEET_EVENTS,
  intentMessageId,
  NOTIFICATION_INTENTS,
  type OutboxDraft,
  partOf,
  type VehiclePayload,
} from '@app/common/contracts';
import { Database, statement, type Transaction } from '@app/common/database';
import { newTraceparent, traceIdOf } from '@app/common/observability';
import { eventually, signal, testServers } from '@app/common/testing';
import { append, appendBatch, OUTBOX_CHANNEL } from './append';
import { fleetEventMessage, intentMessage } from './messages';

const servers = testServers();
let database: Database;
let admin: Database;

beforeAll(() => {
  const databaseOn = (url: string): Database =>
    new Database({
      url,
      poolSize: 4,
      applicationName: 'outbox-spec',
      startupTimeoutMs: 5_000,
      logger: pino({ level: 'silent' }),
    });
  database = databaseOn(servers.postgresUrl('odograph_processor'));
  admin = databaseOn(servers.postgresUrl());
});
afterAll(() => Promise.all([database.stop(1_000), admin.stop(1_000)]));
afterEach(() => admin.query(statement('spec_outbox_clear', 'TRUNCATE outbox.message')));

const MESSAGES = statement(
  'spec_outbox_messages',
  `SELECT slot, generation, xid, id, part, topic, key, event_id, tenant_id, traceparent, payload,
     (extract(epoch FROM created_at)::bigint / 3600 % 48)::integer AS expected_slot
   FROM outbox.message ORDER BY id`,
);
interface MessageRow {
  slot: number;
  generation: bigint;
  xid: bigint;
  part: number;
  topic: string;
  key: string;
  event_id: string;
  traceparent: string;
  payload: string;
  expected_slot: number;
}
const messages = (): Promise<MessageRow[]> => admin.query<MessageRow>(MESSAGES);

let sequence = 0;
function head(key = '350000000000017') {
  sequence += 1;
  return {
    key,
    eventId: intentMessageId('spec', `e${sequence}`),
    tenantId: 'default',
    traceparent: newTraceparent(),
  };
}

const event = (key?: string): OutboxDraft =>
  fleetEventMessage(head(key), {
    kind: 'overspeed.started',
    device_id: '1',
    imei: '350000000000017',
    tenant_id: 'default',
    occurred_at_ms: '1700000000000',
    payload_json: '{}',
  });
const vehiclePayload: VehiclePayload = {
  ...{ event_id: intentMessageId('spec', 'event'), imei: '350000000000017', device_name: 'Van 7' },
  ...{
    reference: 'rule',
    reference_name: 'Limit',
    longitude: 24.9,
    latitude: 60.2,
    speed_kmh: 91,
    details: {},
  },
};
const intent = (): OutboxDraft =>
  intentMessage(head(), {
    notification_type: 'vehicle.overspeed.started',
    producer: 'processor',
    audience_kind: 'user',
    recipient_user_ids_json: '["u1"]',
    idempotency_key: 'k1',
    subject: '350000000000017',
    tenant_id: 'default',
    occurred_at_ms: '1700000000000',
    payload_json: JSON.stringify(vehiclePayload),
    request_id: undefined,
  });

describe('appendBatch', () => {
  it('keeps the messages with the commit, in the order of the list, each in its part and hour slot', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `key ${index % 40}`);
    const drafts = keys.map((key) => event(key));
    await database.transaction((transaction) => appendBatch(transaction, drafts));
    const rows = await messages();
    expect(rows.map(({ event_id }) => event_id)).toEqual(drafts.map(({ eventId }) => eventId));
    expect(rows.map(({ part }) => part)).toEqual(keys.map(partOf));
    for (const row of rows) expect([row.slot, row.generation]).toEqual([row.expected_slot, 1n]);
    expect(new Set(rows.map(({ xid }) => xid)).size).toBe(1);
    expect(JSON.parse(rows[0]?.payload ?? '')).toEqual(drafts[0]?.fields);
  });

  it('leaves nothing of a transaction that is rolled back', async () => {
    const work = database.transaction(async (transaction) => {
      await append(transaction, event());
      throw new Error('the rule failed');
    });
    await expect(work).rejects.toThrow('the rule failed');
    expect(await messages()).toEqual([]);
  });

  it('refuses to run outside a transaction: without one, with the pool, or after its end', async () => {
    const leaked = await database.transaction((transaction) => Promise.resolve(transaction));
    const outside = [undefined, database, leaked] as unknown as Transaction[];
    for (const transaction of outside) {
      await expect(append(transaction, event())).rejects.toMatchObject({ code: 'TRANSACTION_REQUIRED' });
    }
    expect(await messages()).toEqual([]);
  });

  const fieldsOf = (draft: OutboxDraft, changes: Record<string, string>): object => ({
    ...draft,
    fields: { ...draft.fields, ...changes },
  });
  it.each<[string, () => object]>([
    ['an unknown topic', () => ({ ...intent(), topic: 'mail:delivery_commands' })],
    ['an unknown notification type', () => fieldsOf(intent(), { notification_type: 'vehicle.towed' })],
    ['a producer that may not', () => fieldsOf(intent(), { producer: 'somebody' })],
    ['another audience than the type has', () => fieldsOf(intent(), { audience_kind: 'admin_email' })],
    ['an unknown field', () => fieldsOf(event(), { colour: 'red' })],
    ['a field that the relay adds', () => fieldsOf(event(), { event_id: head().eventId })],
    ['a payload that the type does not have', () => fieldsOf(intent(), { payload_json: '{"imei":"1"}' })],
    ['a payload that is no JSON', () => fieldsOf(intent(), { payload_json: '{' })],
    ['an unknown event kind', () => fieldsOf(event(), { kind: 'teleported' })],
    ['a missing field', () => ({ ...event(), fields: { kind: 'overspeed.started' } })],
    ['an event id that is no UUID', () => ({ ...event(), eventId: '17' })],
    ['no key', () => ({ ...event(), key: '' })],
  ])('refuses %s before any write', async (_what, bad) => {
    await database.transaction(async (transaction) => {
      await expect(appendBatch(transaction, [event(), bad() as OutboxDraft])).rejects.toMatchObject({
        code: 'OUTBOX_MESSAGE_INVALID',
      });
      // The transaction is still usable: nothing was sent to the server.
      await append(transaction, intent());
    });
    expect((await messages()).map(({ topic }) => topic)).toEqual([NOTIFICATION_INTENTS]);
  });

  it('gives a message of no trace one of its own', async () => {
    await database.transaction((transaction) =>
      appendBatch(transaction, [
        { ...event(), traceparent: undefined },
        { ...event(), traceparent: undefined },
      ]),
    );
    const traces = (await messages()).map(({ traceparent }) => traceparent);
    for (const trace of traces) expect(traceIdOf(trace)).toBeDefined();
    expect(new Set(traces).size).toBe(2);
  });

  it('takes optional fields that are undefined as absent', async () => {
    await database.transaction((transaction) => append(transaction, intent()));
    expect(JSON.parse((await messages())[0]?.payload ?? '')).not.toHaveProperty('request_id');
  });

  it('does nothing for an empty list', async () => {
    await database.transaction((transaction) => appendBatch(transaction, []));
    expect(await messages()).toEqual([]);
  });

  it('carries both topics in one batch and writes into the generation of that moment', async () => {
    await admin.query(statement('spec_raise_generation', 'UPDATE outbox.generation SET generation = 2'));
    await database.transaction((transaction) => appendBatch(transaction, [event(), intent()]));
    await admin.query(statement('spec_lower_generation', 'UPDATE outbox.generation SET generation = 1'));
    const rows = await messages();
    expect(rows.map(({ topic }) => topic)).toEqual([FLEET_EVENTS, NOTIFICATION_INTENTS]);
    expect(rows.map(({ generation }) => generation)).toEqual([2n, 2n]);
  });
});

describe('The wake-up', () => {
  let listener: Client;
  const heard = signal<string>('notification');

  beforeAll(async () => {
    listener = new Client({ connectionString: servers.postgresUrl('odograph_relay') });
    await listener.connect();
    listener.on('notification', ({ payload = '' }) => heard.emit(payload));
    await listener.query(`LISTEN ${OUTBOX_CHANNEL}`);
  });
  afterAll(() => listener.end());

  /** What was notified before this was heard before it. */
  async function flush(): Promise<string[]> {
    await admin.query(statement('spec_flush', `SELECT pg_notify('${OUTBOX_CHANNEL}', 'flush')`));
    const payloads: string[] = [];
    for (;;) {
      const payload = await heard.next();
      if (payload === 'flush') return payloads;
      payloads.push(payload);
    }
  }

  it('is sent once for a transaction with many batches, and only with its commit', async () => {
    let before: string[] = [];
    await database.transaction(async (transaction) => {
      for (let batch = 0; batch < 5; batch += 1) await appendBatch(transaction, [event(), intent()]);
      before = await flush();
    });
    expect(before).toEqual([]);
    expect(await flush()).toEqual(['']);
    await database.transaction((transaction) => append(transaction, event()));
    await database.transaction((transaction) => append(transaction, event()));
    expect(await flush()).toEqual(['', '']);
  });

  it('is dropped with a rollback', async () => {
    const work = database.transaction(async (transaction) => {
      await append(transaction, event());
      throw new Error('rolled back');
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(await flush()).toEqual([]);
  });

  it('reaches Database.listen, which the relay uses', async () => {
    const woken = signal('wake');
    const listening = await database.listen(OUTBOX_CHANNEL, () => woken.emit());
    await woken.next();
    const seen = woken.count;
    await database.transaction((transaction) => append(transaction, event()));
    await eventually(() => woken.count > seen, { what: 'the wake-up' });
    await listening.close();
  });
});
