import { z } from 'zod';
import { EVENT_KINDS, imeiSchema } from '@app/common/contracts';
import { DEFAULT_TENANT, tenantField, userIdField } from '../cli';

/** Who is told of what: without a device of every device of the tenant, without a kind of every kind of event. */
export const subscriptionDraft = z.object({
  user_id: userIdField,
  device: imeiSchema.optional(),
  kind: z.enum(EVENT_KINDS, `is none of ${EVENT_KINDS.join(', ')}`).optional(),
  tenant: tenantField.default(DEFAULT_TENANT),
});
export type SubscriptionDraft = z.infer<typeof subscriptionDraft>;

/** All that a user is to be told of: each device with each kind. */
export const subscriptionsOfUser = z.object({
  user_id: userIdField,
  device: z.array(imeiSchema).optional(),
  kind: z.array(z.enum(EVENT_KINDS, `is none of ${EVENT_KINDS.join(', ')}`)).optional(),
  tenant: tenantField.default(DEFAULT_TENANT),
});
export type SubscriptionsOfUser = z.infer<typeof subscriptionsOfUser>;
