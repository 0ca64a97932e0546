import { type UserAccount } from '../directory';
import { planRoutes } from './plan';

const account = (userId: string, changes: Partial<UserAccount> = {}): [string, UserAccount] => [
  userId,
  { userId, email: `${userId}@example.org`, locale: 'pt-BR', timezone: 'UTC', enabled: true, ...changes },
];
const input = {
  notificationId: 'n1',
  tenantId: 'default',
  channels: ['push', 'email'] as const,
  recipientUserIds: ['anna', 'bert', 'carl'],
  accounts: new Map([account('anna'), account('bert', { enabled: false })]),
  maxAttempts: { push: 6, email: 8 },
};

describe('planRoutes', () => {
  it('makes one route per recipient and channel, skipped with a reason where nobody can be told', () => {
    const routes = planRoutes(input);
    expect(routes.map(({ routeId, skipReason }) => [routeId, skipReason])).toEqual([
      ['push:n1:anna', undefined],
      ['email:n1:anna', undefined],
      ['push:n1:bert', 'recipient_disabled'],
      ['email:n1:bert', 'recipient_disabled'],
      ['push:n1:carl', 'recipient_not_found'],
      ['email:n1:carl', 'recipient_not_found'],
    ]);
  });

  it('gives each channel its own budget and only mail an address', () => {
    const [push, email] = planRoutes(input);
    expect([push?.maxAttempts, push?.address]).toEqual([6, undefined]);
    expect([email?.maxAttempts, email?.address, email?.locale]).toEqual([8, 'anna@example.org', 'pt-BR']);
  });
});
