import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  appSettings,
  duration,
  flag,
  integer,
  oneOf,
  readSettings,
  refuseUnknownKeys,
  settingGroup,
} from '.';

const group = settingGroup(['SAMPLE_'], {
  SAMPLE_SECRET: z.string().min(8, 'is too short'),
  SAMPLE_WAIT: duration('1m'),
  SAMPLE_COUNT: integer(3, { min: 1, max: 5 }),
  SAMPLE_MODE: oneOf(['slow', 'fast'], 'slow'),
  SAMPLE_ON: flag(false),
});
const good = { SAMPLE_SECRET: 'correct horse' };

describe('settings', () => {
  it('fill in defaults and convert units', () => {
    expect(readSettings(group, { ...good, SAMPLE_WAIT: '1.5s', SAMPLE_ON: 'true' })).toEqual({
      SAMPLE_SECRET: 'correct horse',
      SAMPLE_WAIT: 1500,
      SAMPLE_COUNT: 3,
      SAMPLE_MODE: 'slow',
      SAMPLE_ON: true,
    });
  });

  it('name every variable that is missing or wrong, and never its value', () => {
    const read = () =>
      readSettings(group, { SAMPLE_WAIT: 'soon', SAMPLE_COUNT: '9', SAMPLE_MODE: 'warp', SAMPLE_ON: 'yes' });
    expect(read).toThrow(/SAMPLE_SECRET is not set.*SAMPLE_WAIT.*SAMPLE_COUNT.*SAMPLE_MODE.*SAMPLE_ON/);
    expect(read).not.toThrow(/soon|warp/);
  });

  it('read a secret from a file, without the newline that editors add', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'settings-')), 'secret');
    writeFileSync(file, 'from a file\n');
    expect(readSettings(group, { SAMPLE_SECRET_FILE: file }).SAMPLE_SECRET).toBe('from a file');
    expect(() => readSettings(group, { ...good, SAMPLE_SECRET_FILE: file })).toThrow(/both set/);
    expect(() => readSettings(group, { SAMPLE_SECRET_FILE: `${file}.not` })).toThrow(/cannot be read/);
  });

  it('refuse a misspelt key of ours and leave all others alone', () => {
    expect(() => refuseUnknownKeys([group], { ...good, HOME: '/', SAMPLE_SECRET_FILE: 'x' })).not.toThrow();
    expect(() => refuseUnknownKeys([group], { ...good, SAMPLE_COUMT: '4' })).toThrow(/SAMPLE_COUMT/);
  });

  it('describe themselves: the reference page is made of it', () => {
    const undescribed = Object.entries(appSettings.shape).filter(([, field]) => !field.description);
    expect(undescribed.map(([key]) => key)).toEqual([]);
  });
});
