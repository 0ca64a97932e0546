import { codeOf } from '../test/code-of';
import { CodecError } from './errors';
import { decodeAck, decodeLogin, encodeAck, encodeLogin, LOGIN_ACCEPTED, LOGIN_REJECTED } from './login';

describe('login and ack', () => {
  it('encodes the 17 bytes of a login and reads them back', () => {
    const login = encodeLogin('356307042441013');
    expect(login.toString('hex')).toBe('000f333536333037303432343431303133');
    expect(decodeLogin(login)).toBe('356307042441013');
  });

  it.each(['35630704244101', '3563070424410133', '35630704244101a', '', '٣56307042441013'])(
    'does not encode "%s"',
    (imei) => {
      expect(codeOf(() => encodeLogin(imei))).toBe('LOGIN_INVALID');
    },
  );

  it.each([
    '',
    '000f',
    '000e3132333435363738393031323334',
    '010f333536333037303432343431303133',
    '000f33353633303730343234343130313a',
    '000f33353633303730343234343130312f',
    '000f33353633303730343234343130313333',
  ])('does not read %s as a login', (hex) => {
    expect(codeOf(() => decodeLogin(Buffer.from(hex, 'hex')))).toBe('LOGIN_INVALID');
  });

  it('answers a login with one byte', () => {
    expect([...LOGIN_ACCEPTED, ...LOGIN_REJECTED]).toEqual([1, 0]);
  });

  it.each([
    [0, '00000000'],
    [1, '00000001'],
    [255, '000000ff'],
    [0xffff_ffff, 'ffffffff'],
  ])('acks %d as %s', (count, hex) => {
    expect(encodeAck(count).toString('hex')).toBe(hex);
    expect(decodeAck(Buffer.from(hex, 'hex'))).toBe(count);
  });

  it.each([-1, 1.5, NaN, 0x1_0000_0000])('does not ack %d', (count) => {
    expect(() => encodeAck(count)).toThrow(CodecError);
  });

  it('does not read an ack from other than four bytes', () => {
    expect(() => decodeAck(new Uint8Array(3))).toThrow(CodecError);
    expect(() => decodeAck(new Uint8Array(5))).toThrow(CodecError);
  });
});
