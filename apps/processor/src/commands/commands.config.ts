import { duration, settingGroup, type SettingsOf } from '@app/common/config';

/** Commands to devices, and the registry that says which instance has a device. */
export const commandSettings = settingGroup(['COMMANDS_'], {
  COMMANDS_CONNECTION_TTL: duration('90s').describe(
    'How long the registry of connections believes an edge that has gone silent; a live one renews three times as often.',
  ),
  COMMANDS_QUIET: duration('500ms').describe(
    'How long a device must have sent nothing before a command is written to it: in the middle of its records it takes the first bytes for an ack.',
  ),
});
export type CommandSettings = SettingsOf<typeof commandSettings>;
