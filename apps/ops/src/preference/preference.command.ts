import { type Command } from 'commander';
import { CHANNELS } from '@app/common/contracts';
import { ageText, readCsv, registerNoun, type Noun, type Surroundings } from '../cli';
import { usersAreHere } from '../user';
import {
  preferenceDraft,
  preferenceKey,
  type PreferenceDraft,
  type PreferenceKey,
} from './preference.schema';
import {
  listPreferences,
  preferencesOf,
  putPreference,
  removePreference,
  type PreferenceRow,
} from './preference.service';

const FILE_COLUMNS = ['user_id', 'type', 'channel', 'enabled', 'digest', 'throttle', 'tenant'];

const tenantOption = (command: Command): Command =>
  command.option('--tenant <id>', 'tenant of the user (default: "default")');

const identityOptions = (command: Command): Command =>
  tenantOption(
    command
      .option('--type <type>', 'of notifications of this type (default: * for all)')
      .option('--channel <channel>', `on this channel: ${CHANNELS.join(', ')} (default: * for all)`),
  );

const wishOptions = (command: Command): Command =>
  identityOptions(
    command
      .option('--on', 'tell of them')
      .option('--off', 'do not tell of them')
      .option('--enabled <word>', 'on, off, or inherit: leave it to what is less specific')
      .option('--digest <window>', 'tell of them together, each 15m (up to 7d); off: at once; inherit')
      .option('--throttle <n/window>', 'one by one at most 5/10m, the rest together; off: no limit; inherit'),
  );

const nounOf = (areUsersHere: boolean): Noun<PreferenceDraft, PreferenceKey, PreferenceRow> => ({
  name: 'preference',
  thing: 'preference',
  summary: 'what users want to be told of, where and how often',
  argument: 'user_id',
  putVerb: 'set',
  columns: [
    { heading: 'USER', of: ({ user_id: userId }) => userId },
    { heading: 'TENANT', of: ({ tenant_id: tenantId }) => tenantId },
    { heading: 'TYPE', of: ({ notification_type: type }) => type },
    { heading: 'CHANNEL', of: ({ channel }) => channel },
    { heading: 'TELL', of: ({ enabled }) => (enabled === null ? null : enabled ? 'on' : 'off') },
    { heading: 'DIGEST', of: ({ digest_window_s: windowS }) => windowText(windowS) },
    { heading: 'THROTTLE', of: throttleText },
  ],
  draft: preferenceDraft,
  key: preferenceKey,
  addOptions: wishOptions,
  showOptions: tenantOption,
  removeOptions: identityOptions,
  examples: {
    add: 'odo preference set ann --type vehicle.overspeed.started --channel email --digest 15m',
    show: 'odo preference show ann',
    remove: 'odo preference remove ann --type vehicle.overspeed.started --channel email',
    import: 'odo preference import preferences.csv',
  },
  addNotes:
    'The user * stands for everybody of the tenant (write it in quotes). Of each wish the most specific preference that\n' +
    'says anything decides: user, type, channel; then user, type; user, channel; user; then the same of *. What is left\n' +
    'out of one that is there stays as it is. Mandatory types, such as vehicle.sos, are told of whatever is preferred.',
  file: {
    kind: 'CSV',
    notes: [
      `A header row names the columns: ${FILE_COLUMNS.join(', ')}. An empty type or channel is all of them.`,
      'For example:',
      '  user_id,type,channel,enabled,digest,throttle',
      '  ann,vehicle.overspeed.started,email,on,15m,',
      '  *,vehicle.online,push,off,,',
    ].join('\n'),
    read: (text) => readCsv(text, preferenceDraft, FILE_COLUMNS),
    identify: ({ tenant, user_id: userId, type, channel }) => JSON.stringify([tenant, userId, type, channel]),
  },
  showsMany: true,
  put: (transaction, draft) => putPreference(transaction, draft, areUsersHere),
  list: listPreferences,
  find: preferencesOf,
  remove: removePreference,
});

/** `odo preference set|list|show|remove|import`. */
export function registerPreference(program: Command, surroundings: Surroundings): void {
  registerNoun(program, surroundings, nounOf(usersAreHere(surroundings.environment)));
}

function windowText(windowS: number | null): string | null {
  if (windowS === null) return null;
  return windowS === 0 ? 'off' : ageText(windowS * 1000);
}

function throttleText({ throttle_limit: limit, throttle_window_s: windowS }: PreferenceRow): string | null {
  return limit === null ? windowText(windowS) : `${limit}/${windowText(windowS) ?? ''}`;
}
