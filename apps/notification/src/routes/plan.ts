import { type Channel, routeId } from '@app/common/contracts';
import { type UserAccount } from '../directory';
import { type RouteDraft } from './route';

export interface RoutePlanInput {
  readonly notificationId: string;
  readonly tenantId: string;
  readonly channels: readonly Channel[];
  readonly recipientUserIds: readonly string[];
  readonly accounts: ReadonlyMap<string, UserAccount>;
  readonly maxAttempts: Readonly<Record<Channel, number>>;
}

/** One route per recipient and channel. A recipient who cannot be told gets a skipped route that says why. */
export function planRoutes(input: RoutePlanInput): RouteDraft[] {
  return input.recipientUserIds.flatMap((recipient) => {
    const account = input.accounts.get(recipient);
    const skipReason =
      account === undefined ? 'recipient_not_found' : account.enabled ? undefined : 'recipient_disabled';
    return input.channels.map((channel) => ({
      routeId: routeId(channel, input.notificationId, recipient),
      notificationId: input.notificationId,
      tenantId: input.tenantId,
      channel,
      recipient,
      address: channel === 'email' ? account?.email : undefined,
      locale: account?.locale ?? 'en',
      skipReason,
      maxAttempts: input.maxAttempts[channel],
    }));
  });
}
