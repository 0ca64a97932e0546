import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  COMMAND_RESPONSES,
  CONTRACT_VERSION,
  deviceCommandsStream,
  OUTBOUND_KEPT,
  outboundStream,
  type CommandCodec,
  type CommandOutcome,
} from '@app/common/contracts';
import { describeError, OdographError } from '@app/common/errors';
import { newTraceparent } from '@app/common/observability';
import { type Streams } from '@app/common/streams';
import { changeOf, type Invocation } from '../cli';
import {
  insertNewCommand,
  parseReport,
  recordReport,
  type CommandReport,
  type CommandRow,
} from '../commands';
import { liveDevice } from './device.service';

export interface SendRequest {
  readonly imei: string;
  readonly text: string;
  readonly codec: CommandCodec;
  /** How long the device may take to answer. */
  readonly timeoutMs: number;
  /** How long it is good for while the device is not connected. */
  readonly queueForMs: number;
}

/** What is known when the command line ends; `report` is the last that an edge told. */
export interface Sent {
  readonly row: CommandRow;
  readonly isConnected: boolean;
  readonly report: CommandReport | undefined;
}

/** Beyond the device's own time: the way there, its quiet, and the report. */
const MARGIN_MS = 5_000;
const ATTEMPTS = 4;
const ATTEMPT_PAUSE_MS = 500;
/** Longer than all attempts of one call. */
const DEDUPE_MS = 10 * 60_000;

/** Queues a command and, where the device is connected, waits for what becomes of it. */
export function sendCommand(invocation: Invocation, request: SendRequest): Promise<Sent> {
  return invocation.withStreams(async (streams) => {
    const row = await insert(invocation, request);
    const from = (await streams.lastIds([COMMAND_RESPONSES])).get(COMMAND_RESPONSES) ?? '0-0';
    try {
      await queue(streams, row);
    } catch (error) {
      const report = localReport(row, error);
      await invocation.read((database) => recordReport(database, report));
      throw error;
    }
    // Behind the queueing: a device that logs in between finds the command by itself.
    const connection = await streams.findConnection(request.imei);
    if (connection === undefined) return { row, isConnected: false, report: undefined };
    const note = { v: CONTRACT_VERSION, kind: 'command', imei: request.imei };
    await streams.broadcast(outboundStream(connection.instance), [note], OUTBOUND_KEPT);
    const report = await outcomeOf(streams, row.id, from, request.timeoutMs + MARGIN_MS);
    // The ops service does the same; whoever is first, it is written once.
    if (report !== undefined) await invocation.read((database) => recordReport(database, report));
    return { row, isConnected: true, report };
  });
}

async function insert(invocation: Invocation, request: SendRequest): Promise<CommandRow> {
  const { imei, text, codec, timeoutMs, queueForMs } = request;
  const actor = invocation.actor();
  const [change] = await invocation.edit('device.send', async (transaction) => {
    const device = await liveDevice(transaction, { imei });
    const row = await insertNewCommand(transaction, {
      ...{ id: randomUUID(), deviceId: device.id, tenantId: device.tenant_id },
      ...{ imei, actor, codec, text, timeoutMs, expiresAt: new Date(Date.now() + queueForMs) },
    });
    return [changeOf(imei, null, row)];
  });
  if (!change?.after) throw new Error('a command was written and not returned');
  return change.after;
}

/** Once, however often it is tried: a device does not tell a repeat from a second command. */
async function queue(streams: Streams, row: CommandRow): Promise<void> {
  const fields = {
    v: CONTRACT_VERSION,
    traceparent: newTraceparent(),
    command_id: row.id,
    imei: row.imei,
    codec: String(row.codec),
    text: row.text,
    timeout_ms: String(row.timeout_ms),
    expires_at_ms: String(row.expires_at.getTime()),
  };
  const request = {
    stream: deviceCommandsStream(row.imei),
    windowMs: DEDUPE_MS,
    messages: [{ dedupeId: row.id, fields }],
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [published] = await streams.publishOnce(request);
      if (published !== undefined && 'error' in published)
        throw new OdographError('STREAM_REFUSED', { detail: published.error });
      return;
    } catch (error) {
      const isUnknown = error instanceof OdographError && error.code === 'REDIS_UNREACHABLE';
      if (!isUnknown || attempt === ATTEMPTS) throw error;
    }
    await delay(ATTEMPT_PAUSE_MS);
  }
}

/** The last thing told of the command: its end, or that it was sent where time ran out. */
async function outcomeOf(
  streams: Streams,
  id: string,
  from: string,
  limitMs: number,
): Promise<CommandReport | undefined> {
  const signal = AbortSignal.timeout(limitMs);
  const deadline = performance.now() + limitMs;
  let last: CommandReport | undefined;
  for (let at = from; !signal.aborted;) {
    const leftMs = Math.max(1, Math.ceil(deadline - performance.now()));
    await streams.waitForEntries(new Map([[COMMAND_RESPONSES, at]]), leftMs, signal);
    for (const entry of await streams.range(COMMAND_RESPONSES, `(${at}`, '+', 500)) {
      at = entry.id;
      const report = parseReport(entry);
      if (report?.command_id !== id) continue;
      last = report;
      if (report.outcome !== 'sent') return report;
    }
  }
  return last;
}

/** What is to be recorded where the command could not be queued, or maybe could. */
function localReport(row: CommandRow, error: unknown): CommandReport {
  const isUnknown = error instanceof OdographError && error.code === 'REDIS_UNREACHABLE';
  const outcome: CommandOutcome = isUnknown ? 'unknown' : 'failed';
  return {
    ...{ v: CONTRACT_VERSION, traceparent: newTraceparent(), imei: row.imei, command_id: row.id },
    ...{ outcome, instance: 'odo', at_ms: String(Date.now()), payload: undefined },
    reason: isUnknown
      ? 'Redis did not say whether it has the command; it may still be sent before it expires'
      : describeError(error),
  };
}
