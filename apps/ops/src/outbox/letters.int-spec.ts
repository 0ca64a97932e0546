import { testServers } from '@app/common/testing';
import { OdoInTest } from '../command-line.testing';
import { addLetter, addRow, clearOutbox, eventIdOf, FLEET, INTENTS, rowStates } from './outbox.testing';

const servers = testServers();
const odo = new OdoInTest({
  operator: () => servers.postgresUrl('odograph_ops'),
  owner: () => servers.postgresUrl(),
});
afterAll(() => odo.close());
beforeEach(() => clearOutbox(odo));

/** Three keys that wait behind a letter each, and a follower of the first. */
async function three(): Promise<string[]> {
  const rows = [
    await addRow(odo, 1, { state: 'dead' }),
    await addRow(odo, 2, { state: 'dead', key: 'device-0002', topic: INTENTS }),
    await addRow(odo, 3, { state: 'dead', key: 'device-0003', kind: 'timer', timerId: 't' }),
  ];
  await addRow(odo, 4);
  const reasons = ['retry_terminal', 'rejected', 'max_deliveries'];
  const letters: string[] = [];
  for (const [index, row] of rows.entries()) letters.push(await addLetter(odo, row, reasons[index]));
  return letters;
}
const resolutions = (): Promise<unknown[]> =>
  odo
    .query('SELECT resolution FROM outbox.dead_letter ORDER BY id')
    .then((rows) => rows.map((row) => row['resolution']));

describe('odo outbox dlq', () => {
  it('lists letters, newest first, by topic, reason and key, and shows one with what waits behind it', async () => {
    const [first = '', second, third] = await three();
    const all = await odo.many('outbox', 'dlq', 'list');
    expect(all.map(({ letter }) => letter)).toEqual([third, second, first]);
    expect(all[2]).toMatchObject({ reason: 'retry_terminal', topic: FLEET, key: '*******0001', attempts: 3 });
    expect(await odo.many('outbox', 'dlq', 'list', '--topic', INTENTS)).toMatchObject([{ letter: second }]);
    expect(await odo.many('outbox', 'dlq', 'list', '--why', 'max_deliveries')).toMatchObject([
      { letter: third },
    ]);
    expect(await odo.many('outbox', 'dlq', 'list', '--key', 'device-0001', '--full')).toMatchObject([
      { key: 'device-0001' },
    ]);
    expect(await odo.one('outbox', 'dlq', 'show', first)).toMatchObject({
      ...{ letter: first, event_id: eventIdOf(1), last_error: 'ERR no', payload: '{"imei":"*******0001"}' },
      ...{ row_state: 'dead', held_behind: 1, resolution: null },
    });
    expect((await odo.run('outbox', 'dlq', 'show', '99999')).err).toMatch(/^NOT_FOUND/);
  });

  it('replays those that are chosen: their rows live again, each once', async () => {
    const [first = ''] = await three();
    expect((await odo.run('outbox', 'dlq', 'replay')).err).toContain('name one letter, or --all');
    expect((await odo.run('outbox', 'dlq', 'replay', first, '--all')).status).toBe(2);
    expect(await odo.done('outbox', 'dlq', 'replay', '--all', '--dry-run')).toMatch(/^3 would be replayed/);
    expect(await resolutions()).toEqual([null, null, null]);
    expect(await odo.done('outbox', 'dlq', 'replay', first)).toBe('1 replayed\n');
    expect(await odo.done('outbox', 'dlq', 'replay', '--why', 'rejected')).toBe('1 replayed\n');
    expect(await rowStates(odo)).toEqual(['open', 'open', 'dead', 'open']);
    expect(await resolutions()).toEqual(['replayed', 'replayed', null]);
    expect((await odo.run('outbox', 'dlq', 'replay', first)).err).toMatch(/^NOT_FOUND/);
    expect(await odo.many('outbox', 'dlq', 'list')).toHaveLength(1);
    expect(await odo.many('outbox', 'dlq', 'list', '--resolved')).toHaveLength(3);
    expect(await odo.auditOf(`outbox-letter:${first}`)).toMatchObject([
      {
        action: 'outbox.dlq.replay',
        outcome: 'updated',
        had_before: true,
        after: { resolution: 'replayed' },
      },
    ]);
  });

  it('chooses by topic and by key, and says nothing more of what is resolved', async () => {
    await three();
    expect(await odo.done('outbox', 'dlq', 'replay', '--topic', INTENTS)).toBe('1 replayed\n');
    expect(await resolutions()).toEqual([null, 'replayed', null]);
    const resolve = ['outbox', 'dlq', 'resolve', '--reason', 'a test device'];
    expect(await odo.done(...resolve, '--key', 'device-0003')).toBe('1 resolved\n');
    expect(await resolutions()).toEqual([null, 'replayed', 'skipped']);
    expect(await odo.done(...resolve, '--all')).toBe('1 resolved\n');
    expect(await resolutions()).toEqual(['skipped', 'replayed', 'skipped']);
  });

  it('resolves those that are chosen for a reason: their rows are skipped and hold nobody', async () => {
    const [first = ''] = await three();
    expect((await odo.run('outbox', 'dlq', 'resolve', '--all')).status).toBe(2);
    expect(await odo.done('outbox', 'dlq', 'resolve', first, '--reason', 'a test device')).toBe(
      '1 resolved\n',
    );
    expect(await rowStates(odo)).toEqual(['skipped', 'dead', 'dead', 'open']);
    expect(await odo.many('outbox', 'peek', '--key', 'device-0001')).toMatchObject([{ state: 'later' }]);
    expect(await odo.auditOf(`outbox-letter:${first}`)).toMatchObject([
      { action: 'outbox.dlq.resolve', after: { resolution: 'skipped', why_resolved: 'a test device' } },
    ]);
  });

  it('revives no row that is done, though its letter was forgotten', async () => {
    const [first = ''] = await three();
    await odo.query(`UPDATE outbox.retry SET state = 'skipped', closed_at = now() WHERE event_id = $1`, [
      eventIdOf(1),
    ]);
    expect((await odo.run('outbox', 'dlq', 'replay', first)).err).toMatch(/^NOT_FOUND/);
    expect(await odo.done('outbox', 'dlq', 'resolve', first, '--reason', 'done by hand')).toBe(
      '1 resolved\n',
    );
    expect(await rowStates(odo)).toEqual(['skipped', 'dead', 'dead', 'open']);
  });

  it('purges what was resolved and is old, after it has told how much that is', async () => {
    const [first = '', second = '', young = ''] = await three();
    await odo.query(`UPDATE outbox.dead_letter SET failed_at = '2026-01-15' WHERE id = ANY ($1::bigint[])`, [
      [first, second],
    ]);
    for (const letter of [first, young]) {
      await odo.done('outbox', 'dlq', 'resolve', letter, '--reason', 'a test device');
    }
    const purge = ['outbox', 'dlq', 'purge', '--before', '2026-02-01'];
    expect(await odo.done(...purge)).toBe('1 would be purged (--execute does it)\n');
    expect(await resolutions()).toHaveLength(3);
    expect(await odo.done(...purge, '--execute')).toBe('1 purged\n');
    expect(await resolutions()).toEqual([null, 'skipped']);
    expect(await odo.auditOf('outbox-letters')).toMatchObject([
      { action: 'outbox.dlq.purge', outcome: 'removed' },
    ]);
  });
});
