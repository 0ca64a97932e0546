import { addressesOf } from './address-list';

describe('addressesOf', () => {
  it('takes commas and lines, small domains, each address once', () => {
    expect(addressesOf(' Ops@Example.ORG, night@example.org,\nops@example.org\n,')).toEqual([
      'Ops@example.org',
      'night@example.org',
    ]);
    expect(addressesOf(' \n')).toEqual([]);
  });

  it.each([
    'Ops <ops@example.org>',
    'ops@example.org night@example.org',
    'ops',
    'a@b@example.org',
    '@example.org',
  ])('refuses %s, by its place', (text) => {
    expect(() => addressesOf(`good@example.org,${text}`)).toThrow(/^address 2 is no single mail address/);
    expect(() => addressesOf(text)).not.toThrow(text);
  });
});
