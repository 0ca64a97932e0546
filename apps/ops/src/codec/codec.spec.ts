import { Readable } from 'node:stream';
import { Command } from 'commander';
import { encodeAvl, encodeLogin } from '@app/teltonika-codec';
import { registerCodec } from './codec.command';

/** The codec 8E layout with a value of each width; bytes that a hand can check. */
const frame = encodeAvl({
  codecId: 0x8e,
  records: [
    {
      timestampMs: 1_560_161_086_000,
      priority: 1,
      longitude: 252_000_000,
      latitude: 546_000_000,
      altitudeM: -6,
      angleDeg: 0,
      satellites: 9,
      speedKmh: 0,
      eventIoId: 0,
      io: [
        { id: 239, size: 1, value: 1 },
        { id: 78, size: 8, value: 18_446_744_073_709_551_615n },
        { id: 385, size: 'variable', value: Buffer.from('1101', 'hex') },
      ],
    },
  ],
});

async function decode(
  ...lines: string[]
): Promise<{ answers: unknown[]; status: number | string | undefined }> {
  const out: string[] = [];
  const program = new Command('odo').exitOverride();
  const terminal = { out: (text: string) => void out.push(text), err: () => undefined };
  registerCodec(
    program,
    { terminal, environment: {}, directory: '.' },
    Readable.from(lines.map((line) => `${line}\n`)),
  );
  const before = process.exitCode;
  process.exitCode = undefined;
  await program.parseAsync(['codec', 'decode'], { from: 'user' });
  const status = process.exitCode;
  process.exitCode = before;
  return { answers: out.map((line): unknown => JSON.parse(line)), status };
}

describe('odo codec decode', () => {
  it('gives each value as exactly as JSON can', async () => {
    const { answers, status } = await decode(frame.toString('hex'));
    expect(answers).toEqual([
      {
        kind: 'avl',
        codec: '8E',
        records: [
          {
            timestamp: '2019-06-10T10:04:46.000Z',
            priority: 1,
            longitude: 25.2,
            latitude: 54.6,
            altitude: -6,
            angle: 0,
            satellites: 9,
            speed: 0,
            eventIoId: 0,
            io: { '239': 1, '78': '18446744073709551615', '385': '1101' },
          },
        ],
      },
    ]);
    expect(status).toBeUndefined();
  });

  it('names what is wrong with a line, goes on behind it, and says so with its status', async () => {
    const flipped = frame.toString('hex').replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    const { answers, status } = await decode(
      'xyz',
      flipped,
      '',
      encodeLogin('356307042441013').toString('hex'),
    );
    expect(answers).toEqual([
      { error: { code: 'LENGTH_INVALID', message: expect.any(String) as string } },
      { error: { code: 'CRC_MISMATCH', message: expect.any(String) as string } },
      { kind: 'login', imei: '356307042441013' },
    ]);
    expect(status).toBe(1);
  });
});
