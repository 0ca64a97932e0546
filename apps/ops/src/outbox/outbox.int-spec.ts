import { Client } from 'pg';
import { signal, testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';
import {
  addLetter,
  addMessage,
  addRow,
  clearOutbox,
  eventIdOf,
  FLEET,
  INTENTS,
  moveCursors,
  rowStates,
} from './outbox.testing';

const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});
let listener: Client;
const woken = signal<string>('notification');

beforeAll(async () => {
  listener = new Client({ connectionString: servers.postgresUrl('odograph_relay') });
  // The servers go away before this file's clients do.
  listener.on('error', () => undefined);
  listener.on('notification', ({ payload = '' }) => woken.emit(payload));
  await listener.connect();
  await listener.query('LISTEN outbox');
});
afterAll(() => Promise.all([listener.end(), odo.close()]));
beforeEach(async () => {
  await clearOutbox(odo);
  await wakeUps();
});

/** How often the relay was woken since the last look. */
async function wakeUps(): Promise<number> {
  await odo.query(`SELECT pg_notify('outbox', 'flush')`);
  for (let count = 0; ; count += 1) if ((await woken.next()) === 'flush') return count;
}

describe('odo outbox stats', () => {
  it('says of each topic what waits in either lane, and nothing of what is done', async () => {
    for (const n of [1, 2, 3, 4]) await addMessage(odo, n);
    await addMessage(odo, 5, { topic: INTENTS });
    await moveCursors(odo, 1);
    await addRow(odo, 2, { dueIn: '-1 minute' });
    await addRow(odo, 3);
    await addRow(odo, 7, { state: 'dead', key: 'device-0002' });
    await addRow(odo, 8, { state: 'published', key: 'device-0003' });
    // Behind the dead one: that waits for an operator, and this for that.
    await addRow(odo, 10, { key: 'device-0002', dueIn: '-2 minutes' });
    await addRow(odo, 9, { kind: 'timer', topic: INTENTS, leasedAt: '2026-01-31T08:00:00Z' });
    await odo.done('outbox', 'pause', INTENTS, '--reason', 'maintenance');
    const [fleet, intents] = await odo.many('outbox', 'stats');
    // Of the four messages one is published, and two are parked in the other lane, where one more waits.
    expect(fleet).toMatchObject({
      ...{ topic: FLEET, paused: false, waiting: 1, parked: 3, parked_keys: 2, dead: 1, timers: 0 },
      ...{ replays: 0, leased: 0 },
    });
    expect(fleet?.['oldest_due_ms']).toBeGreaterThan(55_000);
    expect(fleet?.['oldest_due_ms']).toBeLessThan(115_000);
    expect(intents).toMatchObject({
      ...{ topic: INTENTS, paused: true, waiting: 1, parked: 0, dead: 0, timers: 1, leased: 1 },
      ...{ oldest_due_ms: null },
    });
    expect(intents?.['oldest_waiting_ms']).toBeGreaterThan(0);
    expect(await odo.done('outbox', 'stats')).toMatch(/^TOPIC +PAUSED +WAITING/);
  });
});

describe('odo outbox peek', () => {
  it('lists what waits, oldest first, says why, and takes nothing', async () => {
    await addMessage(odo, 5);
    await addRow(odo, 1, { dueIn: '-1 minute' });
    await addRow(odo, 2);
    await addRow(odo, 3, { key: 'device-0002', leasedAt: '2026-01-31T08:00:00Z' });
    await addRow(odo, 4, { key: 'device-0003', state: 'dead' });
    await addRow(odo, 6, { kind: 'timer', key: 'device-0004' });
    await addRow(odo, 7, { state: 'skipped', key: 'device-0005' });
    const rows = await odo.many('outbox', 'peek');
    expect(rows.map(({ lane, kind, state }) => [lane, kind, state])).toEqual([
      ['log', 'message', 'waiting'],
      ['retry', 'parked', 'due'],
      ['retry', 'parked', 'behind'],
      ['retry', 'parked', 'leased'],
      ['retry', 'parked', 'dead'],
      ['retry', 'timer', 'later'],
    ]);
    expect(rows[1]).toMatchObject({
      key: '*******0001',
      event_id: eventIdOf(1),
      attempts: 3,
      last_error: 'ERR no',
    });
    expect(await odo.many('outbox', 'peek', '--kind', 'timer', '--full')).toMatchObject([
      { key: 'device-0004' },
    ]);
    expect(await odo.many('outbox', 'peek', '--key', 'device-0001')).toHaveLength(3);
    expect(await odo.many('outbox', 'peek', '--topic', INTENTS)).toEqual([]);
    expect(await odo.many('outbox', 'peek', '--limit', '2')).toHaveLength(2);
    expect((await odo.run('outbox', 'peek', '--kind', 'poison')).status).toBe(2);
    expect(await rowStates(odo)).toEqual(['open', 'open', 'open', 'dead', 'open', 'skipped']);
  });
});

describe('odo outbox pause and resume', () => {
  it('hold a topic for a reason that the audit keeps, and let it go', async () => {
    expect((await odo.run('outbox', 'pause', FLEET)).status).toBe(2);
    expect((await odo.run('outbox', 'pause', 'no:such', '--reason', 'why not')).err).toContain('is none of');
    const held = await odo.done('outbox', 'pause', FLEET, '--reason', 'a reader is out', '--actor', 'ann');
    expect(held).toBe(`${FLEET} is held by ann: a reader is out\n`);
    const again = await odo.done('outbox', 'pause', FLEET, '--reason', 'another', '--actor', 'bob');
    expect(again).toBe(`${FLEET} was held already by ann: a reader is out\n`);
    expect(await wakeUps()).toBe(0);
    expect(await odo.done('outbox', 'resume', FLEET)).toBe(`${FLEET} goes on\n`);
    expect(await wakeUps()).toBe(1);
    expect((await odo.run('outbox', 'resume', FLEET)).err).toMatch(/^NOT_FOUND/);
    expect(await odo.query('SELECT * FROM outbox.pause')).toEqual([]);
    expect(await odo.auditOf(`outbox-topic:${FLEET}`)).toMatchObject([
      ...[{ action: 'outbox.pause', outcome: 'added', actor: 'ann' }],
      ...[{ outcome: 'unchanged' }, { action: 'outbox.resume', outcome: 'removed' }],
    ]);
  });
});

describe('odo outbox retry', () => {
  it('publishes a waiting row now and gives a dead one a new life, with its letter', async () => {
    const [open, dead] = [await addRow(odo, 1), await addRow(odo, 2, { state: 'dead' })];
    await addLetter(odo, dead);
    expect(await odo.done('outbox', 'retry', open)).toBe(`row ${open} was open, is due now\n`);
    expect(await odo.done('outbox', 'retry', eventIdOf(2))).toBe(`row ${dead} was dead, is due now\n`);
    expect(await wakeUps()).toBe(2);
    const rows = await odo.query(
      `SELECT state, attempts, deliveries, first_attempt_at, next_attempt_at <= clock_timestamp() AS due FROM outbox.retry`,
    );
    const fresh = { state: 'open', attempts: 0, deliveries: 0, first_attempt_at: null, due: true };
    expect(rows).toEqual([fresh, fresh]);
    expect(await odo.query('SELECT resolution FROM outbox.dead_letter')).toEqual([
      { resolution: 'replayed' },
    ]);
    expect(await odo.auditOf(`outbox:${dead}`)).toMatchObject([
      { action: 'outbox.retry', outcome: 'updated', after: { state: 'open', event_id: eventIdOf(2) } },
    ]);
  });

  it('leaves alone what a relay holds, what is done, and a timer whose name is taken', async () => {
    const held = await addRow(odo, 1, { leasedAt: new Date().toISOString() });
    const stale = await addRow(odo, 2, { key: 'device-0002', leasedAt: '2026-01-31T08:00:00Z' });
    const done = await addRow(odo, 3, { state: 'published' });
    const timer = await addRow(odo, 4, { kind: 'timer', state: 'dead', timerId: 't' });
    await addRow(odo, 5, { kind: 'timer', timerId: 't' });
    expect((await odo.run('outbox', 'retry', held)).err).toMatch(/^STILL_IN_USE.*\n?.*row/);
    expect((await odo.run('outbox', 'retry', timer)).err).toContain('another timer of that name');
    expect((await odo.run('outbox', 'retry', done)).err).toMatch(/^NOT_FOUND/);
    expect((await odo.run('outbox', 'retry', 'x')).status).toBe(2);
    expect(await wakeUps()).toBe(0);
    expect(await odo.done('outbox', 'retry', stale)).toContain('is due now');
  });
});

describe('odo outbox skip', () => {
  it('gives a parked head and a dead one up for a reason, with their letters; others stay', async () => {
    const [head, behind, dead] = [
      await addRow(odo, 1),
      await addRow(odo, 2),
      await addRow(odo, 3, { key: 'device-0002', state: 'dead' }),
    ];
    await addLetter(odo, dead);
    expect((await odo.run('outbox', 'skip', head)).status).toBe(2);
    await odo.done('outbox', 'skip', head, '--reason', 'asked for');
    expect(await odo.done('outbox', 'skip', dead, '--reason', 'asked for')).toBe(
      `row ${dead} was dead, is skipped\n`,
    );
    expect(await rowStates(odo)).toEqual(['skipped', 'open', 'skipped']);
    expect(await odo.many('outbox', 'peek')).toMatchObject([{ row_id: behind, state: 'later' }]);
    expect(await odo.query('SELECT resolution FROM outbox.dead_letter')).toEqual([{ resolution: 'skipped' }]);
    expect(await wakeUps()).toBe(2);
    expect(await odo.auditOf(`outbox:${head}`)).toMatchObject([
      { action: 'outbox.skip', outcome: 'updated', after: { state: 'skipped', reason: 'asked for' } },
    ]);
    expect((await odo.run('outbox', 'skip', head, '--reason', 'asked for')).err).toMatch(/^NOT_FOUND/);
  });

  it('leaves a row that a relay is publishing', async () => {
    const held = await addRow(odo, 1, { leasedAt: new Date().toISOString() });
    expect((await odo.run('outbox', 'skip', held, '--reason', 'asked for')).err).toMatch(/^STILL_IN_USE/);
    expect(await rowStates(odo)).toEqual(['open']);
    expect(await odo.auditOf(`outbox:${held}`)).toEqual([]);
  });
});
