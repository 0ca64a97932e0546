import { lastErrorOf } from './last-error';

describe('lastErrorOf', () => {
  it.each([
    ['ERR of redis://user:hunter2@host:6379/0', 'ERR of redis://***@host:6379/0'],
    ['token=abc.def password: "x y"', 'token=*** password: "*** y"'],
    ['mail to some.body@example.org failed', 'mail to ***@*** failed'],
    ['imei 356307042441013 is odd', 'imei ***********1013 is odd'],
    ['WRONGTYPE Operation against a key', 'WRONGTYPE Operation against a key'],
    ['a\0b', 'ab'],
  ])('makes of %j %j', (words, kept) => {
    expect(lastErrorOf(words)).toBe(kept);
  });

  it('cuts what is long, and says so', () => {
    const kept = lastErrorOf('x'.repeat(20_000));
    expect(kept).toHaveLength(8192);
    expect(kept.endsWith('[truncated]')).toBe(true);
  });
});
