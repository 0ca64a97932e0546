import fc from 'fast-check';
import { readProxyHeader } from './proxy-header';
import { isNetwork, TrustedProxies } from './trusted-proxies';

const line = (text: string): Buffer => Buffer.from(`${text}\r\n`, 'latin1');
const binary = (command: number, family: number, rest: Buffer): Buffer => {
  const head = Buffer.from('0d0a0d0a000d0a515549540a00000000', 'hex');
  head.writeUInt8(command, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(rest.length, 14);
  return Buffer.concat([head, rest]);
};
const ipv4 = Buffer.from('c0000201cb00710a9c4013a3', 'hex');
const ipv6 = Buffer.from(`20010db8000000000000000000000001${'00'.repeat(16)}9c4013a3`, 'hex');

const good: readonly (readonly [string, Buffer, string | undefined])[] = [
  ['v1 over IPv4', line('PROXY TCP4 192.0.2.1 203.0.113.10 40000 5027'), '192.0.2.1:40000'],
  ['v1 over IPv6', line('PROXY TCP6 2001:db8::1 2001:db8::2 40000 5027'), '2001:db8::1:40000'],
  ['v1 of nobody', line('PROXY UNKNOWN'), undefined],
  ['v1 of nobody, with addresses', line('PROXY UNKNOWN ffff::1 ffff::1 65535 65535'), undefined],
  ['v2 over IPv4', binary(0x21, 0x11, ipv4), '192.0.2.1:40000'],
  [
    'v2 with an extension',
    binary(0x21, 0x11, Buffer.concat([ipv4, Buffer.from('0400010a', 'hex')])),
    '192.0.2.1:40000',
  ],
  ['v2 over IPv6', binary(0x21, 0x21, ipv6), '2001:db8::1:40000'],
  ['v2 of the proxy itself', binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  ['v2 of a Unix socket', binary(0x21, 0x31, Buffer.alloc(216)), undefined],
];

it.each(good)('%s', (_, bytes, peer) => {
  const header = readProxyHeader(Buffer.concat([bytes, Buffer.from([0, 15])]));
  expect(header).toMatchObject({ kind: 'header', bytes: bytes.length });
  if (header.kind !== 'header') return;
  expect(header.peer && `${header.peer.address}:${header.peer.port}`).toBe(peer);
  for (let cut = 0; cut < bytes.length; cut += 1) {
    expect(readProxyHeader(bytes.subarray(0, cut))).toEqual({ kind: 'incomplete' });
  }
});

it.each([
  ['a login', Buffer.from('000f33', 'hex')],
  ['an address that is none', line('PROXY TCP4 192.0.2.256 203.0.113.10 40000 5027')],
  ['an address of the other family', line('PROXY TCP4 2001:db8::1 203.0.113.10 40000 5027')],
  ['a port that is none', line('PROXY TCP4 192.0.2.1 203.0.113.10 65536 5027')],
  ['a part too few', line('PROXY TCP4 192.0.2.1 203.0.113.10 40000')],
  ['a part too many', line('PROXY TCP4 192.0.2.1 203.0.113.10 40000 5027 1')],
  ['a line without end', Buffer.from(`PROXY TCP4 ${'1'.repeat(120)}`)],
  ['another version', binary(0x31, 0x11, ipv4)],
  ['another command', binary(0x22, 0x11, ipv4)],
  ['addresses cut short', binary(0x21, 0x11, ipv4.subarray(0, 11))],
  ['a length beyond reason', binary(0x21, 0x11, Buffer.alloc(3000))],
])('refuses %s', (_, bytes) => {
  expect(readProxyHeader(bytes)).toEqual({ kind: 'invalid' });
});

it('never throws and never waits for more than its limit', () => {
  const starts = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    '\r\n\r\n\0\r\nQUIT\n',
    '\r\n\r\n\0\r\nQUIT\n!',
  );
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 2100 }), (start, rest) => {
      const bytes = Buffer.concat([Buffer.from(start, 'latin1'), rest]);
      const header = readProxyHeader(bytes);
      if (header.kind === 'incomplete') expect(bytes.length).toBeLessThan(2064);
      if (header.kind === 'header') expect(header.bytes).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 1_000 },
  );
});

describe('trusted addresses', () => {
  it('are single ones and networks of both families, also as a dual-stack socket names them', () => {
    const trusted = new TrustedProxies(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32']);
    const yes = ['192.0.2.7', '::ffff:192.0.2.7', '10.255.0.1', '::ffff:10.0.0.1', '2001:db8:1::9'];
    const no = ['192.0.2.8', '11.0.0.1', '2001:db9::1', '::1', 'unknown'];
    expect(yes.filter((address) => !trusted.includes(address))).toEqual([]);
    expect(no.filter((address) => trusted.includes(address))).toEqual([]);
    expect(new TrustedProxies([]).includes('127.0.0.1')).toBe(false);
  });

  it('are told from what is none', () => {
    expect(['10.0.0.1', '10.0.0.0/32', '::/0', '::1/128'].filter((text) => !isNetwork(text))).toEqual([]);
    expect(
      ['', 'host', '10.0.0.0/33', '::1/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0/8'].filter(isNetwork),
    ).toEqual([]);
  });
});
