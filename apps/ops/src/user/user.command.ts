import { type Command } from 'commander';
import { readCsv, registerNoun, type Noun, type Surroundings } from '../cli';
import { userDraft, userKey, type UserDraft, type UserKey } from './user.schema';
import { findUsers, listUsers, putUser, removeUser, type UserRow } from './user.service';

const FILE_COLUMNS = ['user_id', 'email', 'locale', 'timezone', 'tenant'];

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
    { heading: 'ENABLED', of: ({ enabled }) => enabled },
  ],
  draft: userDraft,
  key: userKey,
  addOptions: (command) =>
    command
      .option('--email <address>', 'where mail goes; a new user needs one')
      .option('--locale <tag>', 'language of the texts; "en" for a new user')
      .option('--timezone <name>', 'IANA name for the times in them; "UTC" for a new user')
      .option('--tenant <id>', 'tenant that the user belongs to; "default" for a new user'),
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
      `A header row names the columns: ${FILE_COLUMNS.join(', ')}. An empty cell is left out.`,
      'For example:',
      '  user_id,email,timezone',
      '  ann,ann@example.com,Europe/Vienna',
    ].join('\n'),
    read: (text) => readCsv(text, userDraft, FILE_COLUMNS),
    identify: ({ user_id: userId }) => userId,
  },
  put: putUser,
  list: listUsers,
  find: findUsers,
  remove: removeUser,
};

/** `odo user add|list|show|remove|import`. */
export function registerUser(program: Command, surroundings: Surroundings): void {
  registerNoun(program, surroundings, userNoun);
}
