import { CODEC_12, CommandType, encodeCommand, payloadOf } from '@app/teltonika-codec';
import { eventually, testServers } from '@app/common/testing';
import { TestDevice } from '../../apps/processor/src/edge/device.testing';
import { odo } from './odo.testing';
import { System } from './system.testing';

const IMEI = '356307042441013';
const frame = (type: number, text: string) =>
  encodeCommand({ codecId: CODEC_12, messages: [{ type, payload: payloadOf(text) }] });

describe('a command from the operator to a device', () => {
  const servers = testServers();
  let system: System | undefined;
  let device: TestDevice | undefined;
  afterEach(async () => {
    device?.destroy();
    await system?.stop();
    system = undefined;
  });

  async function logIn(processor: 'processor' | 'processor-2'): Promise<TestDevice> {
    const { port } = system?.stack.edgeOf(processor) ?? { port: 0 };
    return eventually(() => TestDevice.loggedIn(port, IMEI), { what: 'a login', timeoutMs: 20_000 });
  }

  it('waits for its login, is answered on whichever instance has it, and is not sent again by another', async () => {
    system = await System.start(servers, { processors: 2, vehicles: 1 });
    expect((await odo(servers, 'device', 'add', IMEI)).status).toBe(0);
    expect(await odo(servers, 'device', 'send', IMEI, 'getver')).toMatchObject({ status: 5 });

    device = await logIn('processor');
    const getver = frame(CommandType.command, 'getver').toString('hex');
    expect(await device.next(getver.length / 2)).toBe(getver);
    device.send(frame(CommandType.response, 'Ver:03.28'));

    const asked = odo(servers, 'device', 'send', IMEI, 'getinfo', '--timeout', '20s');
    const getinfo = frame(CommandType.command, 'getinfo').toString('hex');
    expect(await device.next(getinfo.length / 2)).toBe(getinfo);
    device.send(frame(CommandType.response, 'RTC:1'));
    expect(await asked).toEqual({ status: 0, out: 'RTC:1\n', err: '' });

    const unheard = odo(servers, 'device', 'send', IMEI, 'setdigout 1', '--timeout', '30s');
    const setdigout = frame(CommandType.command, 'setdigout 1').toString('hex');
    expect(await device.next(setdigout.length / 2)).toBe(setdigout);
    await system.stack.kill('processor');
    device = await logIn('processor-2');
    expect(await unheard).toMatchObject({ status: 4, out: expect.stringMatching(/^unknown: /) as string });
    const again = odo(servers, 'device', 'send', IMEI, 'getver', '--timeout', '20s');
    expect(await device.next(getver.length / 2)).toBe(getver);
    device.send(frame(CommandType.response, 'Ver:03.28'));
    expect(await again).toMatchObject({ status: 0 });
  }, 120_000);
});
