import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, refuseUnknownKeys } from '@app/common/config';
import { administratorSettings } from './directory.config';

const KEY = 'NOTIFICATION_ADMIN_EMAILS_SYSTEM_ALERT';

describe('administratorSettings', () => {
  it('has the lists of the types that the catalog has for administrators, and no others', () => {
    expect(Object.keys(administratorSettings.shape)).toEqual([KEY, `${KEY}_FILE`]);
    expect(() => refuseUnknownKeys([administratorSettings], { [KEY]: 'a@example.org' })).not.toThrow();
    expect(() =>
      refuseUnknownKeys([administratorSettings], { NOTIFICATION_ADMIN_EMAILS_VEHICLE_SOS: 'a@example.org' }),
    ).toThrow('NOTIFICATION_ADMIN_EMAILS_VEHICLE_SOS');
  });

  it('reads a list, from a file too, and names the setting that holds something else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'odograph-lists-'));
    const file = join(folder, 'list');
    try {
      writeFileSync(file, 'a@example.org\nb@example.org\n');
      expect(readSettings(administratorSettings, {})).toMatchObject({ [KEY]: [] });
      expect(readSettings(administratorSettings, { [`${KEY}_FILE`]: file })).toEqual({
        [KEY]: ['a@example.org', 'b@example.org'],
        [`${KEY}_FILE`]: file,
      });
      expect(() => readSettings(administratorSettings, { [KEY]: 'Ops <a@example.org>' })).toThrow(
        new RegExp(`${KEY}: address 1`),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
