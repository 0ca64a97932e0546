import { z } from 'zod';
import { CHANNELS } from '@app/common/contracts';
import { countField, momentField, reasonField, tenantField } from '../cli';

export const ROUTE_STATES = [
  ...(['pending', 'scheduled', 'publishing', 'retrying', 'published'] as const),
  ...(['skipped', 'superseded', 'expired', 'dead_lettered'] as const),
] as const;

const flag = z.boolean().default(false);
const wordField = z.string().min(1, 'is empty').max(255, 'is longer than 255 characters');

export const routeIdField = z
  .string()
  .regex(
    /^(push|email):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:.{1,400}$/,
    'is no route such as push:<notification>:<user>',
  );

const filter = {
  state: z.array(z.enum(ROUTE_STATES, `is none of ${ROUTE_STATES.join(', ')}`)).optional(),
  channel: z.enum(CHANNELS, `is none of ${CHANNELS.join(', ')}`).optional(),
  recipient: wordField.optional(),
  type: wordField.optional(),
  subject: wordField.optional(),
  tenant: tenantField.optional(),
  since: momentField.optional(),
};

export const listSchema = z.object({ ...filter, limit: countField(50), full: flag });
export type RouteFilter = Omit<z.infer<typeof listSchema>, 'full'> & { readonly route?: string | undefined };

export const showSchema = z.object({ route: routeIdField, full: flag });

/** One route, or all that the filter lets pass. */
const chosen = { ...filter, route: routeIdField.optional(), all: flag, dry_run: flag };
export const retrySchema = z.object({ ...chosen, reason: reasonField.optional() });
export const skipSchema = z.object({ ...chosen, reason: reasonField });
export type ChosenRoutes = z.infer<typeof retrySchema>;
