import { duration, settingGroup, type SettingsOf } from '@app/common/config';

/** The record of commands to devices. */
export const commandRecordSettings = settingGroup(['COMMAND_RECORD_'], {
  COMMAND_RECORD_KEEP: duration('24h').describe(
    'How long recorded entries of commands:responses are kept at least.',
  ),
});
export type CommandRecordSettings = SettingsOf<typeof commandRecordSettings>;
