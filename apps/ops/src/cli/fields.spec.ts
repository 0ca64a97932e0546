import fc from 'fast-check';
import { flagField, momentField, nameField, numberField, tenantField, userIdField } from './fields';

describe('numberField', () => {
  const speed = numberField({ min: 0, max: 100 });

  it.each(['', ' ', '0x10', '1,5', 'NaN', 'Infinity', '1e999', '--1', '1 2'])(
    'refuses %j as text',
    (text) => {
      expect(speed.safeParse(text).error?.issues[0]?.message).toBe('is no number');
    },
  );

  it.each([NaN, Infinity, null, true, [1]])('refuses %j as a value', (value) => {
    expect(speed.safeParse(value).success).toBe(false);
  });

  it('reads a number and its text alike', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), (value) => {
        expect(speed.parse(String(value))).toBe(value);
        expect(speed.parse(value)).toBe(value);
      }),
    );
  });

  it('holds its bounds', () => {
    expect(speed.safeParse('100').success).toBe(true);
    expect(speed.safeParse('100.1').error?.issues[0]?.message).toBe('is above 100');
    expect(speed.safeParse('-0.1').error?.issues[0]?.message).toBe('is below 0');
    expect(numberField({ above: 0, max: 1 }).safeParse('0').error?.issues[0]?.message).toBe(
      'has to be above 0',
    );
    expect(numberField({ max: 9, whole: true }).safeParse('1.5').error?.issues[0]?.message).toBe(
      'is no whole number',
    );
  });
});

describe('momentField', () => {
  it.each([
    ['2026-01-31T08:00:00Z', '2026-01-31T08:00:00.000Z'],
    ['2026-01-31T08:00:00.250+02:00', '2026-01-31T06:00:00.250Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['1769846400', '2026-01-31T08:00:00.000Z'],
    ['1769846400123', '2026-01-31T08:00:00.123Z'],
    ['epoch', '1970-01-01T00:00:00.000Z'],
    ['0', '1970-01-01T00:00:00.000Z'],
  ])('reads %s', (text, iso) => {
    expect(momentField.parse(text).toISOString()).toBe(iso);
  });

  it.each(['', 'yesterday', '2026-01-31T08:00:00', '2026-02-30', '1960-01-01', '-1', '9999999999999999'])(
    'refuses %j',
    (text) => {
      expect(momentField.safeParse(text).success).toBe(false);
    },
  );
});

describe('names', () => {
  it('are one line of text', () => {
    expect(nameField.parse('  Van 7 ')).toBe('Van 7');
    for (const bad of ['', '  ', 'a\nb', '\u001b[31mred', 'x'.repeat(121)])
      expect(nameField.safeParse(bad).success).toBe(false);
  });

  it('of tenants and users hold nothing that would need quoting', () => {
    expect(userIdField.parse('auth0:ann@example.com')).toBe('auth0:ann@example.com');
    for (const bad of ['', 'a b', 'a|b', "a'b", 'ä']) {
      expect(tenantField.safeParse(bad).success).toBe(false);
      expect(userIdField.safeParse(bad).success).toBe(false);
    }
  });

  it('of flags are few', () => {
    expect(['true', 'yes', '1'].map((text) => flagField.parse(text))).toEqual([true, true, true]);
    expect(['false', 'no', '0'].map((text) => flagField.parse(text))).toEqual([false, false, false]);
    expect(flagField.safeParse('on').success).toBe(false);
  });
});
