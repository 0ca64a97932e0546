import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import {
  COMMAND_RESPONSES,
  CONTRACT_VERSION,
  deviceCommandsStream,
  OUTBOUND_KEPT,
  outboundStream,
  type CommandCodec,
} from '@app/common/contracts';
import { createLogger, Metrics, newTraceparent } from '@app/common/observability';
import { MemoryServer, MemoryStreams, text, type Streams } from '@app/common/streams';
import { CommandType, encodeCommand, payloadOf } from '@app/teltonika-codec';
import { CommandDesk } from './commands/command-desk';
import { CommandMetrics } from './commands/commands.metrics';
import { CommandInbox } from './commands/inbox';
import { Reporter } from './commands/reporter';

/** What the specs of commands share. Not part of the app. */

export interface TestCommand {
  readonly codec?: CommandCodec;
  readonly text?: string;
  readonly timeoutMs?: number;
  readonly expiresInMs?: number;
}

/** Puts a command where `odo device send` puts it, and tells the instance that has the device. Resolves to its id. */
export async function queueCommand(
  streams: Streams,
  imei: string,
  { codec = '12', text: line = 'getver', timeoutMs = 60_000, expiresInMs = 60_000 }: TestCommand = {},
): Promise<string> {
  const id = randomUUID();
  await streams.append(deviceCommandsStream(imei), {
    v: CONTRACT_VERSION,
    traceparent: newTraceparent(),
    ...{ command_id: id, imei, codec, text: line },
    timeout_ms: String(timeoutMs),
    expires_at_ms: String(Date.now() + expiresInMs),
  });
  const connection = await streams.findConnection(imei);
  if (connection !== undefined) {
    const note = { v: CONTRACT_VERSION, kind: 'command', imei };
    await streams.broadcast(outboundStream(connection.instance), [note], OUTBOUND_KEPT);
  }
  return id;
}

/** What was told so far: `<outcome> <payload or reason>`, oldest first. */
export async function told(streams: Streams): Promise<string[]> {
  const entries = await streams.range(COMMAND_RESPONSES, '-', '+', 1_000);
  return entries.map((entry) =>
    [text(entry, 'outcome'), entry.fields.get('payload')?.toString('latin1') ?? text(entry, 'reason')]
      .filter((part) => part !== undefined)
      .join(' '),
  );
}

type Codec = Parameters<typeof encodeCommand>[0]['codecId'];

/** A message as a device sends it. */
export function deviceFrame(
  line: string,
  codecId: Codec = 12,
  imei?: string,
  type: number = CommandType.response,
) {
  const timestamp = codecId === 13 || codecId === 15 ? { timestampS: 1_735_689_600 } : {};
  const message = { type, payload: payloadOf(line), ...timestamp, ...(imei === undefined ? {} : { imei }) };
  return encodeCommand({ codecId, messages: [message] });
}

export interface DeskKit {
  readonly streams: MemoryStreams;
  readonly desk: CommandDesk;
  count(name: string, labels: Readonly<Record<string, string>>): Promise<number>;
}

/** A desk over streams in memory; a server is shared by several as Redis is by instances. */
export function deskKit(instance = 'edge:1', server = new MemoryServer(), quietMs = 0): DeskKit {
  const prometheus = new Registry();
  const logger = createLogger({ app: 'commands-test', level: 'silent' });
  const metrics = new CommandMetrics(new Metrics(prometheus));
  const streams = new MemoryStreams(server);
  const reporter = new Reporter({ streams, instance, patienceMs: 0, metrics, logger });
  const desk = new CommandDesk({
    ...{ registry: streams, instance, metrics, logger, reporter, quietMs },
    inbox: new CommandInbox(streams, instance),
    ttlMs: 60_000,
  });
  return {
    streams,
    desk,
    async count(name, labels) {
      const metric = await prometheus.getSingleMetric(`odograph_${name}`)?.get();
      const wanted = JSON.stringify(labels);
      return metric?.values.find((value) => JSON.stringify(value.labels) === wanted)?.value ?? 0;
    },
  };
}
