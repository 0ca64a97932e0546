import { seedsOf } from '../../config';
import { endpointOf, urlAt } from './endpoint';
import { redirectionOf } from './redirection';

describe('an address of Redis', () => {
  it.each([
    ['redis://h', ['redis://h']],
    [
      'rediss://u:p%2C@a:1,b:2,c/0?x=1',
      ['rediss://u:p%2C@a:1/0?x=1', 'rediss://u:p%2C@b:2/0?x=1', 'rediss://u:p%2C@c/0?x=1'],
    ],
    ['redis://:a,b@h:1', ['redis://:a,b@h:1']],
    ['redis://[::1]:1,[::2]:2', ['redis://[::1]:1', 'redis://[::2]:2']],
    ['no address', ['no address']],
  ])('%s has its hosts', (text, seeds) => expect(seedsOf(text)).toEqual(seeds));

  it('is one server, sentinels or a cluster', () => {
    expect(endpointOf({ url: 'redis://h:1/2' })).toEqual({ kind: 'single', url: 'redis://h:1/2' });
    expect(endpointOf({ url: 'redis://u:p@a,[::1]:7', mode: 'sentinel', sentinelMaster: 'm' })).toEqual({
      kind: 'single',
      url: 'redis://u:p@a',
      sentinel: {
        sentinels: [
          { host: 'a', port: 26379 },
          { host: '::1', port: 7 },
        ],
        master: 'm',
        password: undefined,
      },
    });
    const cluster = { kind: 'cluster', seeds: ['redis://a:1', 'redis://b:2'] };
    expect(endpointOf({ url: 'redis://a:1,b:2', mode: 'cluster' })).toEqual(cluster);
  });

  it('is refused where it promises what the mode cannot keep', () => {
    const invalid = (detail: string) =>
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(detail) as string,
      }) as Error;
    expect(() => endpointOf({ url: 'redis://a:1,b:2' })).toThrow(invalid('several hosts'));
    expect(() => endpointOf({ url: 'redis://a:1/3', mode: 'cluster' })).toThrow(invalid('databases'));
  });

  it('keeps user, password and TLS at another node', () => {
    expect(urlAt('rediss://u:p@seed:1', '10.0.0.7:6380')).toBe('rediss://u:p@10.0.0.7:6380');
    expect(urlAt('redis://seed:1', '::1:6380')).toBe('redis://[::1]:6380');
  });
});

describe('a redirection', () => {
  it("is read from the server's words, also without a host", () => {
    const asked = '10.0.0.1:7000';
    expect(redirectionOf(new Error('MOVED 3999 10.0.0.2:6381'), asked)).toEqual({
      kind: 'moved',
      slot: 3999,
      address: '10.0.0.2:6381',
    });
    expect(redirectionOf(new Error('ASK 3999 :6381'), asked)).toEqual({
      kind: 'ask',
      slot: 3999,
      address: '10.0.0.1:6381',
    });
    expect(redirectionOf(new Error('CROSSSLOT no'), asked)).toBeUndefined();
    expect(redirectionOf('MOVED', asked)).toBeUndefined();
  });
});
