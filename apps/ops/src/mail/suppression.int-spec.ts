import { odoSuite } from '../odo-suite.testing';

const { odo } = odoSuite();

beforeAll(async () => {
  await odo.query(
    `INSERT INTO notification.mail_suppression (address, reason, smtp_code, smtp_text, delivery_id, since) VALUES
       ('old@example.org', 'recipient_refused', 550, '550 5.1.1 no such user', 'email:1:anna', '2026-11-01T00:00:00Z'),
       ('new@example.org', 'recipient_refused', 551, '551 moved', 'email:2:bert', '2026-11-02T00:00:00Z')`,
  );
});

it('lists suppressed addresses, the newest first', async () => {
  const rows = await odo.many('mail', 'suppression', 'list');
  expect(rows.map(({ address }) => address)).toEqual(['new@example.org', 'old@example.org']);
  expect(await odo.many('mail', 'suppression', 'list', '--address', 'OLD@example.org')).toMatchObject([
    {
      address: 'old@example.org',
      smtp_code: 550,
      smtp_text: '550 5.1.1 no such user',
      delivery_id: 'email:1:anna',
    },
  ]);
  expect(await odo.many('mail', 'suppression', 'list', '--count', '1')).toHaveLength(1);
});

it('lets mails go to an address again, and says who did', async () => {
  await odo.done('mail', 'suppression', 'remove', 'New@example.org');
  expect((await odo.many('mail', 'suppression', 'list')).map(({ address }) => address)).toEqual([
    'old@example.org',
  ]);
  expect(await odo.auditOf('new@example.org')).toMatchObject([
    { action: 'mail.suppression.remove', outcome: 'removed', had_before: true, after: null },
  ]);
  const { status, err } = await odo.run('mail', 'suppression', 'remove', 'new@example.org');
  expect(status).toBe(1);
  expect(err).toContain('not suppressed');
});
