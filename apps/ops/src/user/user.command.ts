import { type Command } from 'commander';
import { checkArguments, readCsv, registerNoun, registerVerb, type Noun, type Surroundings } from '../cli';
import { userDraft, userKey, type UserDraft, type UserKey } from './user.schema';
import { findUsers, listUsers, putUser, removeUser, setUser, type UserRow } from './user.service';

const FILE_COLUMNS = [
  ...['user_id', 'email', 'locale', 'timezone', 'tenant', 'units', 'enabled'],
  ...['quiet', 'quiet_days', 'quiet_timezone'],
];

const accountOptions = (command: Command): Command =>
  command
    .option('--email <address>', 'where mail goes; a new user needs one')
    .option('--locale <tag>', 'language of the texts; "en" for a new user')
    .option('--timezone <name>', 'IANA name for the times in them; "UTC" for a new user')
    .option('--units <units>', 'metric or imperial, for speeds and distances; metric for a new user')
    .option('--enabled <yes|no>', 'whether the user is told of anything; yes for a new user')
    .option('--quiet <hours>', 'when not to disturb, such as 22:00-07:00; what may wait waits until its end')
    .option('--no-quiet', 'disturb at any hour')
    .option('--quiet-days <days>', 'on which quiet hours begin: mon-fri, sat,sun or daily (the default)')
    .option('--quiet-timezone <name>', 'IANA name for the quiet hours; "account": the zone of the account')
    .option('--tenant <id>', 'tenant that the user belongs to; "default" for a new user');

const userNoun: Noun<UserDraft, UserKey, UserRow> = {
  name: 'user',
  thing: 'user',
  summary: 'people who are told of events',
  argument: 'user_id',
  columns: [
    { heading: 'USER', of: ({ user_id: userId }) => userId },
    { heading: 'TENANT', of: ({ tenant_id: tenantId }) => tenantId },
    { heading: 'EMAIL', of: ({ email }) => email },
    { heading: 'LOCALE', of: ({ locale }) => locale },
    { heading: 'TIMEZONE', of: ({ timezone }) => timezone },
    { heading: 'UNITS', of: ({ units }) => units },
    { heading: 'ENABLED', of: ({ enabled }) => enabled },
    { heading: 'QUIET', of: quietText },
  ],
  draft: userDraft,
  key: userKey,
  addOptions: accountOptions,
  examples: {
    add: 'odo user add ann --email ann@example.com --locale de-AT --timezone Europe/Vienna',
    show: 'odo user show ann',
    remove: 'odo user remove ann',
    import: 'odo user import users.csv',
  },
  addNotes: 'Of a user who is there already, what is left out stays as it is.',
  file: {
    kind: 'CSV',
    notes: [
      `A header row names the columns: ${FILE_COLUMNS.join(', ')}.`,
      'An empty cell is left out; "none" in the column quiet takes quiet hours away.',
      'For example:',
      '  user_id,email,timezone,quiet,quiet_days',
      '  ann,ann@example.com,Europe/Vienna,22:00-07:00,mon-fri',
    ].join('\n'),
    read: (text) => readCsv(text, userDraft, FILE_COLUMNS),
    identify: ({ user_id: userId }) => userId,
  },
  put: putUser,
  list: listUsers,
  find: findUsers,
  remove: removeUser,
};

/** `odo user add|set|list|show|remove|import`. */
export function registerUser(program: Command, surroundings: Surroundings): void {
  const command = registerNoun(program, surroundings, userNoun);
  accountOptions(
    registerVerb(command, surroundings, {
      usage: 'set <user-id>',
      summary: 'change a user who is there',
      example: 'odo user set ann --quiet 22:00-07:00 --quiet-days mon-fri --units imperial',
      notes:
        'What is left out stays as it is. Mandatory types, such as vehicle.sos, disturb in quiet hours too.',
      run: async (invocation, userId) => {
        const draft = checkArguments(userDraft, { user_id: userId }, invocation.options);
        const changes = await invocation.edit('user.set', async (tx) => [await setUser(tx, draft)]);
        invocation.answerChanges('user', changes);
      },
    }),
  );
}

function quietText({ quiet_hours: hours, quiet_days: days, quiet_timezone: zone }: UserRow): string | null {
  if (hours === null) return null;
  return [hours, days, zone].filter((part) => part !== null).join(' ');
}
