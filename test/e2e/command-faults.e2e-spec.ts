import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  COMMAND_GROUP,
  COMMAND_RECORD_GROUP,
  COMMAND_RESPONSES,
  deviceCommandsStream,
} from '@app/common/contracts';
import { statement } from '@app/common/database';
import { RedisStreams, text as textOf } from '@app/common/streams';
import { eventually, freePort, repositoryRoot, testServers } from '@app/common/testing';
import { AppProcess, roleUrl } from '../../tools/demo';
import { CommandDevice } from './command-device.testing';
import { faultPoints, isOfCommands, takesAllFaults, type FaultPoint } from './fault-points.testing';
import { odo } from './odo.testing';
import { System } from './system.testing';

/*
 * A crash at each point that a command passes, while one passes it. Whatever the crash: the device got the command at
 * most once, the record says what became of it, and the next command goes its way.
 */

const IMEI = '356307042441013';
const PATIENCE_MS = 60_000;
/** What a recorder read and did not acknowledge is taken over after a minute, and looked for every half minute. */
const CLAIM_PATIENCE_MS = 150_000;
const APPS_OF_COMMANDS = ['processor', 'ops'] as const;

interface CommandRecord {
  readonly id: string;
  readonly text: string;
  readonly state: string;
  readonly reason: string | null;
  readonly answer: string | null;
}

const RECORDS = statement(
  'e2e_commands',
  `SELECT id, text, state, reason, convert_from(answer, 'UTF8') AS answer
   FROM ops.command WHERE imei = $1 ORDER BY created_at`,
);
const AUDIT = statement(
  'e2e_command_audit',
  `SELECT action, details->>'outcome' AS outcome FROM ops.audit
   WHERE details->>'command_id' = $1 OR details->'after'->>'id' = $1 ORDER BY id`,
);

/** The point behind which a device may have run the command that nobody recorded yet; `npm run test:faults` takes all. */
const SAMPLE = 'commands.after-write';
const isWanted = (fault: FaultPoint): boolean =>
  isOfCommands(fault) && (takesAllFaults() || fault.point === SAMPLE);

describe.each(faultPoints(APPS_OF_COMMANDS).filter(isWanted))(
  'a crash of $app at $point',
  ({ app, point }) => {
    const servers = testServers();
    const folder = mkdtempSync(join(tmpdir(), 'odograph-fault-'));
    const struck = join(folder, 'struck');
    const fault = { ODOGRAPH_FAULT: point, ODOGRAPH_FAULT_ONCE: struck };
    let system: System | undefined;
    let ops: AppProcess | undefined;
    let device: CommandDevice | undefined;
    let streams: RedisStreams | undefined;
    afterAll(async () => {
      device?.stop();
      await ops?.stop();
      await system?.stop();
      await streams?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** The ops service, which is started again when it dies, as the stack does with the other apps. */
    async function startOps(): Promise<AppProcess> {
      const probePort = await freePort();
      const process = new AppProcess({
        name: 'ops',
        command: globalThis.process.execPath,
        args: ['--enable-source-maps', join(repositoryRoot(), 'dist', 'apps', 'ops', 'main.js')],
        cwd: repositoryRoot(),
        environment: {
          ...environmentOf(app === 'ops' ? fault : {}),
          ...{ PROBE_HOST: '127.0.0.1', PROBE_PORT: String(probePort), INSTANCE_ID: `ops:${probePort}` },
        },
        logPath: join(folder, 'ops.log'),
        ...{ probePort, readyTimeoutMs: PATIENCE_MS },
        onUnexpectedEnd: () => void process.start(),
      });
      // One that dies before it is ready is started again here, a later one by the line above.
      await eventually(() => process.start().then(() => true), { what: 'ops', timeoutMs: PATIENCE_MS });
      return process;
    }

    function environmentOf(more: Readonly<Record<string, string>> = {}): Record<string, string> {
      const PATH = process.env['PATH'] ?? '';
      const DATABASE_URL = roleUrl(servers.postgresUrl(), 'odograph_ops');
      return { PATH, DATABASE_URL, REDIS_URL: servers.redisUrl, REDIS_FSYNC: 'everysec', ...more };
    }

    const records = async (): Promise<readonly CommandRecord[]> =>
      (await system?.watch.database.query<CommandRecord & Record<string, unknown>>(RECORDS, [IMEI])) ?? [];

    /** Waits until the command has its end in the record. */
    const settled = (text: string): Promise<CommandRecord> =>
      eventually(
        async () => {
          const found = (await records()).find((record) => record.text === text);
          return found !== undefined && !['queued', 'sent'].includes(found.state) && found;
        },
        { what: `the end of ${text}`, timeoutMs: PATIENCE_MS },
      );

    const isEndTold = async (): Promise<boolean> => {
      const reports = (await streams?.range(COMMAND_RESPONSES, '-', '+', 100)) ?? [];
      return reports.some((report) => textOf(report, 'outcome') !== 'sent');
    };

    /** Nothing of the group is unread or in hand. */
    const isDone = async (stream: string, group: string): Promise<boolean> => {
      const groups = (await streams?.info(stream, [group]))?.groups ?? [];
      return groups.length === 1 && groups.every(({ lag, pending }) => lag === 0 && pending === 0);
    };

    it('sends no command twice, and tells of each what became of it', async () => {
      const processor = app === 'processor' ? fault : {};
      system = await System.start(servers, { vehicles: 1, restartDead: true, settings: { processor } });
      streams = new RedisStreams({
        ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5_000 },
      });
      await streams.start();
      expect(await odo(servers, 'device', 'add', IMEI)).toMatchObject({ status: 0 });
      const { stack } = system;
      device = new CommandDevice({ imei: IMEI, address: () => stack.edgeOf('processor') });

      // Queued while the device is away, so that nobody but the apps can write down what becomes of it.
      expect(await odo(servers, 'device', 'send', IMEI, 'setdigout 1')).toMatchObject({ status: 5 });
      device.connect();
      // Only then the recorder, so that all reports of the command are in its hand when it dies.
      await eventually(isEndTold, { what: 'the report of an end', timeoutMs: PATIENCE_MS });
      ops = await startOps();
      await eventually(() => existsSync(struck), { what: `the crash at ${point}`, timeoutMs: PATIENCE_MS });
      const first = await settled('setdigout 1');
      expect(await odo(servers, 'device', 'send', IMEI, 'getver')).toMatchObject({ status: 0 });
      const second = await settled('getver');

      expect(second).toMatchObject({ state: 'answered', answer: CommandDevice.answerTo('getver') });
      expect(device.surprises).toEqual([]);
      const times = device.heard.filter((text) => text === 'setdigout 1').length;
      expect(times).toBeLessThanOrEqual(1);
      expect(device.heard.filter((text) => text === 'getver')).toHaveLength(1);
      if (first.state === 'answered') {
        expect({ times, answer: first.answer }).toEqual({
          times: 1,
          answer: CommandDevice.answerTo(first.text),
        });
      } else {
        // Never a guess: what may have been written is of unknown outcome, and a sentence says why.
        expect(first).toMatchObject({ state: 'unknown', reason: expect.stringMatching(/\w+ \w+/) as string });
      }
      for (const { id, state } of await records()) {
        expect(await system.watch.database.query(AUDIT, [id])).toEqual([
          { action: 'device.send', outcome: 'added' },
          { action: 'device.answer', outcome: state },
        ]);
      }
      await eventually(() => isDone(deviceCommandsStream(IMEI), COMMAND_GROUP), {
        what: 'no command to wait',
      });
      const reports = { what: 'all reports to be recorded', timeoutMs: CLAIM_PATIENCE_MS };
      await eventually(() => isDone(COMMAND_RESPONSES, COMMAND_RECORD_GROUP), reports);
      expect(await records()).toHaveLength(2);
    }, 300_000);
  },
);
