import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import { statement } from '@app/common/database';
import { RedisStreams } from '@app/common/streams';
import { eventually, repositoryRoot, testServers } from '@app/common/testing';
import { encodeLogin, LOGIN_ACCEPTED } from '@app/teltonika-codec';
import { System } from './system.testing';

const folder = process.env['ODOGRAPH_VECTORS'] ?? join(repositoryRoot(), '..', 'shared', 'reference');
const file = join(folder, 'vectors.jsonl');
const IMEI = '356307042441013';
const ROWS = statement(
  'e2e_rows',
  'SELECT count(*)::integer AS rows FROM telemetry.position JOIN telemetry.device ON device.id = device_id WHERE imei = $1',
);

const vectorSchema = z.looseObject({
  transport: z.string(),
  kind: z.string(),
  valid: z.boolean(),
  hex: z.string(),
  expect: z.looseObject({ codec: z.number().nullish(), records: z.number().nullish() }).optional(),
});

/** The valid TCP frames of codec 8 and 8E, each with the ack that is due. */
function frames(): { bytes: Buffer; records: number }[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => vectorSchema.parse(JSON.parse(line)))
    .filter(
      ({ transport, kind, valid, expect: due }) =>
        transport === 'tcp' && kind === 'avl' && valid && (due?.codec === 8 || due?.codec === 0x8e),
    )
    .map(({ hex, expect: due }) => ({ bytes: Buffer.from(hex, 'hex'), records: due?.records ?? 0 }));
}

async function answer(socket: Socket, bytes: Buffer, length: number): Promise<Buffer> {
  socket.write(bytes);
  let received = Buffer.alloc(0);
  while (received.length < length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    received = Buffer.concat([received, chunk]);
  }
  return received;
}

const describeVectors = existsSync(file) ? describe : describe.skip;

describeVectors('published frames through the running system', () => {
  const servers = testServers();
  let system: System | undefined;
  let streams: RedisStreams | undefined;
  afterAll(async () => {
    await streams?.close();
    await system?.stop();
  });

  it('are all acked and leave 230 distinct rows, sent once or twice', async () => {
    // The oldest of them is from before most of them were written down.
    system = await System.start(servers, { settings: { processor: { POSITION_RETENTION: '36500d' } } });
    const { stack, watch } = system;
    const look = new RedisStreams({
      url: servers.redisUrl,
      fsync: 'everysec',
      waitReplicas: 0,
      startupTimeoutMs: 5000,
    });
    streams = look;
    await look.start();
    const published = frames();
    expect(published).toHaveLength(167);
    expect(published.reduce((sum, { records }) => sum + records, 0)).toBe(231);
    for (const round of ['first', 'second']) {
      const socket = connect(stack.edgeOf('processor'));
      expect(await answer(socket, encodeLogin(IMEI), 1)).toEqual(LOGIN_ACCEPTED);
      for (const { bytes, records } of published) {
        expect((await answer(socket, bytes, 4)).readUInt32BE()).toBe(records);
      }
      socket.destroy();
      await eventually(async () => expect(await System.unread(look)).toBe(0), {
        timeoutMs: 30_000,
        what: `all entries settled after the ${round} round`,
      });
      expect(await watch.database.query(ROWS, [IMEI])).toEqual([{ rows: 230 }]);
    }
  }, 120_000);
});
