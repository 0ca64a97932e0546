import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adoptExistingKeys, EXISTING_KEYS, REPLACED_KEYS } from './existing-keys';

const THEIRS = {
  NOTIFICATION_REDIS_MASTER_ADDR: 'redis.internal:6380',
  NOTIFICATION_REDIS_REPLICA_ADDRS: 'r1:6379, [fd00::2]:6379',
  NOTIFICATION_REDIS_PASSWORD: 'p@ss/word %41',
  NOTIFICATION_POSTGRES_PRIMARY_DSN: 'postgres://n:secret@db:5433/odograph?sslmode=disable',
  NOTIFICATION_INTERNAL_HTTP_ADDR: ':8092',
  NOTIFICATION_SHUTDOWN_TIMEOUT: '1m30s',
  NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED: 'false',
  OTEL_SERVICE_NAME: 'notification',
  HOME: '/home/n',
};
const OURS = {
  REDIS_URL: 'redis://:p%40ss%2Fword%20%2541@redis.internal:6380',
  DATABASE_URL: THEIRS.NOTIFICATION_POSTGRES_PRIMARY_DSN,
  PROBE_PORT: '8092',
  SHUTDOWN_TIMEOUT: '1m30s',
};

const adopt = (changes: Record<string, string | undefined>) => adoptExistingKeys(changes).environment;

describe('the keys of existing deployments', () => {
  it('become ours, and leave what is not theirs alone', () => {
    expect(adopt(THEIRS)).toEqual({ ...OURS, OTEL_SERVICE_NAME: 'notification', HOME: '/home/n' });
  });

  it('are named where they change nothing', () => {
    expect(adoptExistingKeys(THEIRS).withoutEffect).toEqual([
      'NOTIFICATION_REDIS_REPLICA_ADDRS',
      'NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED',
    ]);
    expect(adoptExistingKeys(OURS)).toEqual({ environment: OURS, withoutEffect: [] });
  });

  it('may stand beside ours that say the same, however it is written', () => {
    const same = {
      REDIS_URL: 'redis://:p%40ss%2fword%20%2541@redis.internal:6380',
      SHUTDOWN_TIMEOUT: '90s',
      PROBE_PORT: '8092',
      DATABASE_URL: OURS.DATABASE_URL,
    };
    expect(adopt({ ...THEIRS, ...same })).toMatchObject(same);
  });

  it.each([
    ['REDIS_URL', 'redis://:p%40ss%2Fword%20%2541@other:6380', 'NOTIFICATION_REDIS_MASTER_ADDR'],
    ['REDIS_URL', 'redis://:other@redis.internal:6380', 'NOTIFICATION_REDIS_PASSWORD'],
    ['REDIS_URL', 'redis://a:1,b:1', 'NOTIFICATION_REDIS_MASTER_ADDR'],
    ['DATABASE_URL', 'postgres://other@db/odograph', 'NOTIFICATION_POSTGRES_PRIMARY_DSN'],
    ['PROBE_PORT', '8093', 'NOTIFICATION_INTERNAL_HTTP_ADDR'],
    ['SHUTDOWN_TIMEOUT', '91s', 'NOTIFICATION_SHUTDOWN_TIMEOUT'],
  ])('are refused beside another %s, and both are named', (ours, value, theirs) => {
    const both = () => adopt({ ...THEIRS, [ours]: value });
    expect(both).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
    expect(both).toThrow(new RegExp(`${theirs} and ${ours}`));
    expect(both).not.toThrow(/p@ss|p%40|secret|other/);
  });

  it('complete a REDIS_URL by the password', () => {
    const password = { NOTIFICATION_REDIS_PASSWORD: 'a b' };
    expect(adopt({ ...password, REDIS_URL: 'redis://s1:1,s2:2/3' })['REDIS_URL']).toBe(
      'redis://:a%20b@s1:1,s2:2/3',
    );
    expect(adopt({ ...password, REDIS_URL: 'rediss://user@h' })['REDIS_URL']).toBe('rediss://user:a%20b@h');
  });

  it('may be files', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'existing-')), 'password');
    writeFileSync(file, 'from a file\n');
    const environment = adopt({
      ...THEIRS,
      ...{ NOTIFICATION_REDIS_PASSWORD: undefined, NOTIFICATION_REDIS_PASSWORD_FILE: file },
    });
    expect(environment['REDIS_URL']).toBe('redis://:from%20a%20file@redis.internal:6380');
    expect(Object.keys(environment).filter((key) => key.startsWith('NOTIFICATION_'))).toEqual([]);
    expect(() => adopt({ ...THEIRS, NOTIFICATION_REDIS_PASSWORD_FILE: file })).toThrow(/both set/);
  });

  it('take an address with a host, bracketed or not', () => {
    expect(adopt({ NOTIFICATION_INTERNAL_HTTP_ADDR: '127.0.0.1:80' })).toEqual({
      PROBE_HOST: '127.0.0.1',
      PROBE_PORT: '80',
    });
    expect(adopt({ NOTIFICATION_INTERNAL_HTTP_ADDR: '[::1]:80' })).toEqual({
      PROBE_HOST: '::1',
      PROBE_PORT: '80',
    });
  });

  it.each([
    ['NOTIFICATION_REDIS_MASTER_ADDR', 'redis.internal'],
    ['NOTIFICATION_REDIS_REPLICA_ADDRS', 'r1:6379,r2'],
    ['NOTIFICATION_POSTGRES_PRIMARY_DSN', 'host=db user=n'],
    ['NOTIFICATION_INTERNAL_HTTP_ADDR', '8092'],
    ['NOTIFICATION_SHUTDOWN_TIMEOUT', 'soon'],
    ['NOTIFICATION_OTEL_STDOUT_TRACES_ENABLED', 'true'],
  ])('are refused under their own name: %s', (key, value) => {
    expect(() => adopt({ ...THEIRS, [key]: value })).toThrow(key);
    expect(() => adopt({ [key]: value })).not.toThrow(/redis\.internal|user=n|soon/);
  });

  it('name what is missing for a password of a Redis that nothing names', () => {
    expect(() => adopt({ NOTIFICATION_REDIS_PASSWORD: 'x' })).toThrow(/NOTIFICATION_REDIS_MASTER_ADDR/);
  });

  it('check 9: are refused where they are not supported any more, with what to use instead', () => {
    for (const [key, instead] of Object.entries(REPLACED_KEYS)) {
      const read = () => adopt({ ...THEIRS, [key]: 'false' });
      expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_REPLACED_KEY' }) as Error);
      expect(read).toThrow(`${key}: use ${instead}`);
    }
  });

  it('keep the two streams apart', () => {
    // The name that the other one has by default.
    expect(() => adopt({ NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM: 'gateway:client-events' })).toThrow(
      /name the same stream/,
    );
    expect(() => adopt({ NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM: 'notification:intents' })).toThrow(
      /NOTIFICATION_MAIL_DELIVERY_COMMANDS_STREAM: is the name of another stream/,
    );
  });

  it('demand a Redis password in production only', () => {
    const open = { REDIS_URL: 'redis://h:1' };
    expect(() => adopt({ ...open, NODE_ENV: 'production' })).toThrow(
      /NOTIFICATION_REDIS_PASSWORD is not set/,
    );
    expect(() => adopt({ ...open, NODE_ENV: 'production', NOTIFICATION_REDIS_PASSWORD: 'x' })).not.toThrow();
    expect(() => adopt({ REDIS_URL: 'redis://u:p@a:1,b:2', NODE_ENV: 'production' })).not.toThrow();
    expect(() => adopt(open)).not.toThrow();
  });

  it('are all described', () => {
    expect(
      Object.keys(THEIRS)
        .filter((key) => key.startsWith('NOTIFICATION_'))
        .sort(),
    ).toEqual(Object.keys(EXISTING_KEYS).sort());
  });
});
