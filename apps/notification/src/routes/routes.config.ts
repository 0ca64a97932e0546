import { duration, integer, settingGroup } from '@app/common/config';

/** How routes are retried. */
export const routeSettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_PUSH_MAX_ATTEMPTS: integer(6, { min: 1, max: 100 }).describe(
    'Attempts of a push route before it is a dead letter.',
  ),
  NOTIFICATION_EMAIL_MAX_ATTEMPTS: integer(8, { min: 1, max: 100 }).describe(
    'Attempts of a mail route before it is a dead letter.',
  ),
  NOTIFICATION_DEDUPE_WINDOW: duration('48h').describe(
    'How long the target streams remember what was published to them. Longer than a route can live on its attempts and its expiry, and at least a day.',
  ),
  NOTIFICATION_ROUTE_LEASE: duration('30s').describe(
    'How long an instance may hold a route that it publishes.',
  ),
  NOTIFICATION_ROUTE_BATCH: integer(400, { min: 1, max: 2000 }).describe(
    'Most routes that are published in one step.',
  ),
  NOTIFICATION_ROUTE_POLL: duration('500ms').describe(
    'Rest of an idle publisher; an accepted intent wakes it sooner.',
  ),
});
