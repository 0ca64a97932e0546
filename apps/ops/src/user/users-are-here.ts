import { type Environment } from '@app/common/config';

/** False where the notification app asks a user service of the deployment's own who a user is, and not this database. */
export const usersAreHere = (environment: Environment): boolean =>
  (environment['NOTIFICATION_USER_SERVICE_BASE_URL'] ?? '') === '';
