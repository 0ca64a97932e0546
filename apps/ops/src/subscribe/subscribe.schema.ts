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
