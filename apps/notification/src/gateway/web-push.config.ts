import { z } from 'zod';
import { duration, integer, oneOf, settingGroup, type SettingsOf } from '@app/common/config';
import { OdographError } from '@app/common/errors';

const key = (bytes: number) =>
  z
    .string()
    .refine((text) => Buffer.from(text, 'base64url').length === bytes, `is no VAPID key of ${bytes} bytes`)
    .optional();

export const webPushSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_WEB_PUSH_VAPID_PUBLIC_KEY: key(65).describe(
    'Public VAPID key, base64url, as `odo gateway vapid` makes it. Unset: no Web Push.',
  ),
  NOTIFICATION_WEB_PUSH_VAPID_PRIVATE_KEY: key(32).describe(
    'The private key of it. Another pair makes all subscriptions worthless.',
  ),
  NOTIFICATION_WEB_PUSH_SUBJECT: z
    .string()
    .regex(/^(mailto:\S+@\S+|https:\/\/\S+)$/, 'is neither mailto: nor an https URL')
    .optional()
    .describe('Whom push services may turn to: `mailto:…` or an https URL.'),
  NOTIFICATION_WEB_PUSH_CONCURRENCY: integer(32, { min: 1, max: 1000 }).describe(
    'Web Push messages under way at once.',
  ),
  NOTIFICATION_WEB_PUSH_TIMEOUT: duration('10s').describe('How long a push service may take to answer.'),
  NOTIFICATION_WEB_PUSH_TTL: duration('24h').describe(
    'How long a push service keeps an event that does not expire sooner, for a browser that is not there.',
  ),
  NOTIFICATION_WEB_PUSH_ALLOW_PRIVATE: oneOf(['no', 'yes'], 'no').describe(
    'Whether subscriptions may name http and addresses that are not public: for tests and the demo alone.',
  ),
});
export type WebPushSettings = SettingsOf<typeof webPushSettings>;

export interface VapidDetails {
  readonly publicKey: string;
  readonly privateKey: string;
  readonly subject: string;
}

/**
 * Undefined where Web Push is off.
 *
 * @throws OdographError CONFIG_INVALID where only some of the three settings are there.
 */
export function vapidOf(settings: WebPushSettings): VapidDetails | undefined {
  const publicKey = settings.NOTIFICATION_WEB_PUSH_VAPID_PUBLIC_KEY;
  const privateKey = settings.NOTIFICATION_WEB_PUSH_VAPID_PRIVATE_KEY;
  const subject = settings.NOTIFICATION_WEB_PUSH_SUBJECT;
  if (publicKey !== undefined && privateKey !== undefined && subject !== undefined) {
    return { publicKey, privateKey, subject };
  }
  if (publicKey === undefined && privateKey === undefined && subject === undefined) return undefined;
  throw new OdographError('CONFIG_INVALID', {
    detail:
      'NOTIFICATION_WEB_PUSH_VAPID_PUBLIC_KEY, NOTIFICATION_WEB_PUSH_VAPID_PRIVATE_KEY and NOTIFICATION_WEB_PUSH_SUBJECT are set together or not at all',
  });
}
