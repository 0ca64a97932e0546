import { z } from 'zod';
import { settingGroup } from '@app/common/config';

/** What a notification process can do, in the order of their start; the last ones stand in for services of one's own. */
export const NOTIFICATION_FEATURES = ['publishers', 'intents', 'mail', 'gateway'] as const;
export type NotificationFeature = (typeof NOTIFICATION_FEATURES)[number];

const DEFAULT_FEATURES: readonly NotificationFeature[] = ['intents', 'publishers'];

const isFeature = (name: string): name is NotificationFeature =>
  (NOTIFICATION_FEATURES as readonly string[]).includes(name);

export const notificationSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_FEATURES: z
    .string()
    .default(DEFAULT_FEATURES.join(','))
    .transform((text, context): NotificationFeature[] => {
      const names = text.split(',').map((name) => name.trim());
      if (names.every(isFeature)) return names;
      context.addIssue({ code: 'custom', message: `is no list of ${NOTIFICATION_FEATURES.join(', ')}` });
      return z.NEVER;
    })
    .describe(
      'Features of this process, comma-separated. `mail` sends what stands in `mail:delivery_commands`, for deployments without a mail service; `gateway` passes what stands in `gateway:client-events` on to WebSockets and Web Push.',
    ),
});
