import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { reportFailure } from '../cli';
import { registerCodec } from './codec.command';

const FRAME =
  '000000000000004a8e010000016b412cee000100000000000000000000000000000000010005000100010100010011001d00010010015e2c880002000b000000003544c87a000e000000001dd7e06a00000100002994';
const DATAGRAM =
  '003dcafe0105000f33353230393330383634303336353508010000016b4f815b30010000000000000000000000000000000103021503010101425dbc000001';

/** One record without a place: 42 seconds into 2007. */
const LEGACY_DATAGRAM = '001dcafe0106000f333532303933303836343033363535' + '0701' + '0000002a00' + '01';

async function codec(
  input: string | readonly (string | Buffer)[],
  ...args: string[]
): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const program = new Command('odo').exitOverride().configureOutput({ writeErr: terminal.err });
  const chunks = typeof input === 'string' ? [input] : input;
  registerCodec(program, { terminal, environment: {}, directory: '/' }, () => chunksOf(chunks));
  try {
    await program.parseAsync(['codec', ...args], { from: 'user' });
    return { status: 0, out, err };
  } catch (error) {
    return { status: reportFailure(error, terminal, false), out, err };
  }
}

async function* chunksOf(chunks: readonly (string | Buffer)[]): AsyncGenerator<string | Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

describe('odo codec decode', () => {
  it('writes a frame as one line, its ids in the order of the wire', async () => {
    const { status, out } = await codec(`${FRAME}\n`, 'decode');
    expect(status).toBe(0);
    expect(out).toBe(
      '{"kind":"avl","codec":"8E","records":[{"timestamp":"2019-06-10T11:36:32.000Z","priority":1,"longitude":0,' +
        '"latitude":0,"altitude":0,"angle":0,"satellites":0,"speed":0,"eventIoId":1,' +
        '"io":{"1":1,"17":29,"16":22949000,"11":"893700218","14":"500686954"}}]}\n',
    );
  });

  it('writes logins, pings, commands and datagrams', async () => {
    const command = '00000000000000160e01050000000e0352093081452251676574766572010000d2c1';
    const { out } = await codec(`000f333536333037303432343431303133\nff\n${command}\n`, 'decode');
    expect(out.trim().split('\n')).toEqual([
      '{"kind":"login","imei":"356307042441013"}',
      '{"kind":"ping"}',
      '{"kind":"command","codec":"14","messages":[{"type":5,"text":"getver","hex":"676574766572","imei":"352093081452251"}]}',
    ]);
    const udp = await codec(DATAGRAM, 'decode', '--udp');
    expect(JSON.parse(udp.out)).toMatchObject({
      kind: 'avl',
      codec: '8',
      udp: { packetId: 0xcafe, packetType: 1, avlPacketId: 5, imei: '352093086403655' },
      records: [{ io: { 21: 3, 1: 1, 66: 23_996 } }],
    });
  });

  it('writes every packet of a datagram as a line of its own, those of codec 7 among them', async () => {
    const { out } = await codec(`${LEGACY_DATAGRAM}${DATAGRAM}`, 'decode', '--udp');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => packetSchema.parse(JSON.parse(line))),
    ).toEqual([
      { codec: '7', udp: { avlPacketId: 6 }, records: [{ timestamp: '2007-01-01T00:00:42.000Z' }] },
      { codec: '8', udp: { avlPacketId: 5 }, records: [{ timestamp: '2019-06-13T06:23:26.000Z' }] },
    ]);
  });

  it('refuses a line with its code, reads on, and ends with status 1', async () => {
    const wrongCrc = FRAME.replace(/94$/, '95');
    const { status, out, err } = await codec(`${wrongCrc}\nzz\n474554202f\n${FRAME}\n`, 'decode');
    const lines = out.trim().split('\n');
    expect(lines.slice(0, 3).map((line) => errorSchema.parse(JSON.parse(line)).error.code)).toEqual([
      'CRC_MISMATCH',
      'INPUT_INVALID',
      'NOT_TELTONIKA',
    ]);
    expect(JSON.parse(lines[3] ?? '')).toMatchObject({ kind: 'avl' });
    expect([status, err]).toEqual([1, '']);
  });

  it('names and scales the values of a family, and only the stable ones of none that it knows', async () => {
    const named = async (family: string) => {
      const { out } = await codec(DATAGRAM, 'decode', '--udp', '--family', family);
      return namedSchema.parse(JSON.parse(out)).records[0]?.named;
    };
    expect(await named('FMB')).toEqual({ gsmSignal: 3, digitalInput1: 1, externalVoltage: 23.996 });
    const { out } = await codec(FRAME, 'decode', '--family', 'GH3000');
    expect(namedSchema.parse(JSON.parse(out)).records[0]?.named).toEqual({
      digitalInput1: 1,
      io_17: 29,
      io_16: 22_949_000,
      io_11: '893700218',
      io_14: '500686954',
    });
  });

  it('says what beacons a list holds', async () => {
    const line =
      '{"kind":"avl","codec":"8E","records":[{"timestamp":"2020-01-01T00:00:00.000Z","priority":0,"longitude":0,"latitude":0,' +
      '"altitude":0,"angle":0,"satellites":0,"speed":0,"eventIoId":385,"io":{"385":"1101001122334455667788990102030405060ae"}}]}';
    const frame = await codec(line.replace('060ae', '06ae'), 'encode');
    const { out } = await codec(frame.out, 'decode', '--family', 'FMB');
    expect(namedSchema.parse(JSON.parse(out)).records[0]?.named['beacons']).toMatchObject({
      beacons: [{ kind: 'eddystone', rssiDbm: -82 }],
    });
  });

  it('takes lines in any pieces, and refuses one that never ends without keeping it', async () => {
    const bytes = Buffer.from(`${FRAME}\r\n\n${FRAME}`);
    const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
    const whole = await codec(`${FRAME}\n${FRAME}\n`, 'decode');
    expect((await codec(pieces, 'decode')).out).toBe(whole.out);
    const endless = Array.from({ length: 5 }, () => '00'.repeat(512 * 1024));
    const { status, out } = await codec([...endless, `\n${FRAME}\n`], 'decode');
    expect(status).toBe(1);
    expect(out.split('\n')[0]).toContain('INPUT_INVALID');
    expect(out.split('\n')[1]).toBe(whole.out.split('\n')[0]);
  });
});

describe('odo codec encode', () => {
  it.each([
    ['two values of one id', '"io":{"5":1,"7":2,"5":300}'],
    ['an id before a smaller one', '"io":{"240":1,"239":1}'],
    ['sizes that nothing shows', '"io":{"5":1,"5":1,"66":5},"ioSizes":{"5":2,"5":1,"66":4}'],
    ['8 bytes and hex that look alike', '"io":{"9000":"1101","9001":"1101"},"ioSizes":{"9001":"variable"}'],
    ['a total that is not the number of elements', '"io":{"239":1},"ioTotal":7'],
  ])('gives back %s', async (_, io) => {
    const line = `{"kind":"avl","codec":"8E","records":[{"timestamp":"18446744073709551615","priority":200,"longitude":214.7483647,"latitude":-214.7483648,"altitude":-6,"angle":0,"satellites":0,"speed":0,"eventIoId":1,${io}}]}`;
    const encoded = await codec(line, 'encode');
    expect(encoded.status).toBe(0);
    const decoded = await codec(encoded.out, 'decode');
    expect((await codec(decoded.out, 'encode')).out).toBe(encoded.out);
    for (const part of io.replace(/,"ioSizes.*/, '').match(/"\d+":[^,}]+/g) ?? [])
      expect(decoded.out).toContain(part);
  });

  it.each([
    ['{}', 'INPUT_INVALID'],
    ['{"kind":"avl","codec":"7","records":[]}', 'INPUT_INVALID'],
    ['[1', 'INPUT_INVALID'],
    ['{"kind":"login","imei":"1"}', 'LOGIN_INVALID'],
    ['{"kind":"command","codec":"12","messages":[{"type":5,"text":"getver","hex":"00"}]}', 'NOT_ENCODABLE'],
    ['{"error":{"code":"CRC_MISMATCH","message":""}}', 'INPUT_INVALID'],
  ])('refuses %s', async (line, code) => {
    const { status, out } = await codec(line, 'encode');
    expect(status).toBe(1);
    expect(errorSchema.parse(JSON.parse(out)).error.code).toBe(code);
  });

  it('writes a command from its text alone', async () => {
    const { out } = await codec(
      '{"kind":"command","codec":"12","messages":[{"type":5,"text":"getinfo"}]}',
      'encode',
    );
    expect(out).toBe('000000000000000f0c010500000007676574696e666f0100004312\n');
  });

  it('reads dates of commands', async () => {
    const frame = '000000000000001b0f010b00000013654b65a4012345678912345648656c6c6f210a01000093d6\n';
    const { out } = await codec(frame, 'decode');
    expect(out).toContain('"timestamp":"2023-11-08T10:40:36.000Z","imei":"123456789123456"');
    expect((await codec(out, 'encode')).out).toBe(frame);
  });
});

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const namedSchema = z.object({ records: z.array(z.object({ named: z.record(z.string(), z.unknown()) })) });
const packetSchema = z.object({
  codec: z.string(),
  udp: z.object({ avlPacketId: z.number() }),
  records: z.array(z.object({ timestamp: z.string() })),
});
const vectorSchema = z.object({ hex: z.string(), valid: z.boolean(), transport: z.string() });
const folder = process.env['ODOGRAPH_VECTORS'] ?? resolve(__dirname, '../../../../../shared/reference');

(existsSync(join(folder, 'vectors.jsonl')) ? it : it.skip)(
  'every published frame goes through JSON and back to its bytes',
  async () => {
    const lines = readFileSync(join(folder, 'vectors.jsonl'), 'utf8').trim().split('\n');
    const vectors = lines.map((line) => vectorSchema.parse(JSON.parse(line))).filter(({ valid }) => valid);
    for (const transport of ['tcp', 'udp']) {
      const hex = vectors
        .filter((vector) => vector.transport === transport)
        .map((vector) => `${vector.hex}\n`);
      const decoded = await codec(hex.join(''), 'decode', ...(transport === 'udp' ? ['--udp'] : []));
      expect(decoded.status).toBe(0);
      const encoded = await codec(decoded.out, 'encode');
      expect(encoded.out.split('\n')).toEqual(hex.join('').split('\n'));
    }
  },
);
