import { z } from 'zod';
import { duration, integer, settingGroup, url } from '@app/common/config';
import { INTENT_CATALOG } from '@app/common/contracts';
import { addressesOf } from './address-list';

/** The setting with the administrators who get notifications of the type. */
export const administratorsKeyOf = (type: string): string =>
  `NOTIFICATION_ADMIN_EMAILS_${type.toUpperCase().replaceAll('.', '_')}`;

/** The types of the catalog that are for administrators. */
export const ADMINISTRATOR_TYPES: readonly string[] = [...INTENT_CATALOG.values()]
  .filter(({ audience }) => audience === 'admin_email')
  .map(({ type }) => type);

const addressList = z
  .string()
  .optional()
  .transform((text, context) => {
    try {
      return addressesOf(text ?? '');
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is no list' });
      return z.NEVER;
    }
  });

/** Two of each type of the catalog that is for administrators: the list, and a file with it that is followed. */
const administratorLists = Object.fromEntries(
  ADMINISTRATOR_TYPES.flatMap((type): [string, z.ZodType<string[] | string | undefined>][] => [
    [
      administratorsKeyOf(type),
      addressList.describe(
        `Who gets notifications of the type \`${type}\`: mail addresses without display names, with commas between them.`,
      ),
    ],
    [
      `${administratorsKeyOf(type)}_FILE`,
      z
        .string()
        .optional()
        .describe('A file with that list instead. Followed: a change of it takes effect without a restart.'),
    ],
  ]),
);

export const administratorSettings = settingGroup(['NOTIFICATION_'], administratorLists);

/** Who user ids are. */
export const directorySettings = settingGroup(['NOTIFICATION_'], {
  NOTIFICATION_USER_SERVICE_BASE_URL: url(['http', 'https'])
    .optional()
    .describe(
      'An HTTP service that knows the users (`GET <base>/api/v1/internal/users/<id>`), in place of the table of `odo user`.',
    ),
  NOTIFICATION_USER_SERVICE_TIMEOUT: duration('2s').describe(
    'How long one lookup at the user service may take; notifications of others do not wait for it.',
  ),
  NOTIFICATION_USER_SERVICE_CACHE_AGE: duration('5m').describe(
    "How old the user service's answer may be that a notification goes by.",
  ),
  NOTIFICATION_USER_SERVICE_CACHE_SIZE: integer(10_000, { min: 1, max: 1_000_000 }).describe(
    'Most users whose answers are kept.',
  ),
  NOTIFICATION_USER_SERVICE_CONCURRENCY: integer(16, { min: 1, max: 256 }).describe(
    'Most lookups at the user service at one time.',
  ),
});
