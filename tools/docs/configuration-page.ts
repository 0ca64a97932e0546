import { z } from 'zod';
import { appSettings, type SettingGroup } from '@app/common/config';
import { EXISTING_KEYS, REPLACED_KEYS } from '../../apps/notification/src/existing-keys';
import { APP_GROUPS } from './app-groups';
import { GENERATED, table } from './markdown';

export function configurationPage(): string {
  const sections = Object.entries(APP_GROUPS).map(
    ([app, groups]) => `## ${app}\n\n${table(HEADER, groups.flatMap(rowsOf))}`,
  );
  return `${GENERATED}

# Configuration

Settings are environment variables. \`NAME_FILE\` may stand for any \`NAME\` and names a file that holds the value: use
it for secrets. A missing or wrong setting stops an app at start with one line that names it, and so does a variable
with one of our prefixes that the app does not know. \`--check-config\` checks and ends. Durations read as \`500ms\`,
\`30s\`, \`1h30m\` or \`7d\`. Which to look at before production, with numbers: the
[production checklist](../operations/production-checklist.md).

## every app

${table(HEADER, rowsOf(appSettings))}

${sections.join('\n\n')}

## Keys of existing deployments

Notification starts with these as well, alone or beside ours, \`_FILE\` included. Two that contradict each other stop the
start and are both named.

${table(['name', 'meaning'], Object.entries(EXISTING_KEYS).map(quoteName))}

These stop the start:

${table(['name', 'instead'], Object.entries(REPLACED_KEYS).map(quoteName))}
`;
}

const quoteName = ([name, text]: [string, string]): string[] => [`\`${name}\``, text];

const HEADER = ['name', 'default', 'meaning'];

function rowsOf({ shape }: SettingGroup): string[][] {
  return Object.entries(shape).map(([name, field]) => {
    if (!(field instanceof z.ZodType)) throw new TypeError(`${name} is no field`);
    return [`\`${name}\``, defaultOf(field), field.description ?? ''];
  });
}

/** The default as an operator would write it; zod keeps it behind transforms. */
function defaultOf(field: z.ZodType): string {
  const json = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' });
  if (json.default !== undefined) return `\`${textOf(json.default)}\``;
  const empty = field.safeParse(undefined);
  if (!empty.success) return '**required**';
  return typeof empty.data === 'string' || typeof empty.data === 'number' ? `\`${empty.data}\`` : '';
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
