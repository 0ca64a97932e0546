import { type Command } from 'commander';
import { z } from 'zod';
import { duration } from '@app/common/config';
import { COMMAND_CODECS, commandTextSchema, imeiSchema } from '@app/common/contracts';
import { checkArguments, registerVerb, type Column, type Invocation, type Surroundings } from '../cli';
import { listCommands, readable, type CommandRow, type CommandState } from '../commands';
import { deviceKey } from './device.schema';
import { sendCommand, type Sent } from './send-command';

const LONGEST_TIMEOUT_MS = 10 * 60_000;
const LONGEST_QUEUE_MS = 30 * 86_400_000;
const SHOWN = 50;

const sendSchema = z.object({
  imei: imeiSchema,
  command: commandTextSchema,
  timeout: duration('60s').refine((ms) => ms >= 1 && ms <= LONGEST_TIMEOUT_MS, 'is not between 1ms and 10m'),
  queue_for: duration('24h').refine((ms) => ms >= 1 && ms <= LONGEST_QUEUE_MS, 'is not between 1ms and 30d'),
  codec: z.enum(COMMAND_CODECS, 'is neither 12 nor 14').default('12'),
});

/** Exit statuses of `odo device send`; 0 = answered. */
export const STATUS_BY_STATE: Readonly<Record<CommandState, number>> = {
  answered: 0,
  expired: 1,
  failed: 1,
  nacked: 3,
  sent: 4,
  unknown: 4,
  queued: 5,
};

const columns: readonly Column<CommandRow>[] = [
  { heading: 'CREATED', of: ({ created_at: at }) => at },
  { heading: 'STATE', of: ({ state }) => state },
  { heading: 'COMMAND', of: ({ text }) => text },
  { heading: 'ANSWER', of: ({ answer, reason }) => (answer === null ? reason : readable(answer)) },
  { heading: 'EXPIRES', of: ({ expires_at: at }) => at },
];

/** `odo device send` and `odo device commands`. */
export function registerCommands(device: Command, surroundings: Surroundings): void {
  registerVerb(device, surroundings, {
    usage: 'send <imei> <command>',
    summary: 'send a text command to a device and print its answer',
    example: 'odo device send 356307042441013 getver --timeout 60s --queue-for 24h',
    notes: [
      'A device that is not connected gets it at its next login. Commands of one device go one at a time, in order.',
      'A command is written to a device at most once. Exit status: 0 answered, 3 refused by the device (codec 14),',
      '4 sent and not answered in time (what the device did is not known), 5 queued, 1 expired or failed.',
    ].join('\n'),
    run: send,
  })
    .option('--timeout <duration>', 'how long the device may take to answer (default: 60s)')
    .option('--queue-for <duration>', 'how long the command is good for while it waits (default: 24h)')
    .option('--codec <number>', '12, or 14 which names the IMEI (default: 12)')
    .option('--redis-url <url>', 'Redis to work on (default: REDIS_URL, else the running stack)');
  registerVerb(device, surroundings, {
    usage: 'commands <imei>',
    summary: 'list the latest commands of a device and what became of them',
    example: 'odo device commands 356307042441013',
    run: async (invocation, imei) => {
      const key = checkArguments(deviceKey, { imei }, {});
      const rows = await invocation.read((database) => listCommands(database, key.imei, SHOWN));
      invocation.answerRows(columns, rows);
    },
  });
}

async function send(invocation: Invocation, imei: string | undefined, command?: string): Promise<void> {
  const given = checkArguments(sendSchema, { imei, command }, invocation.options);
  const sent = await sendCommand(invocation, {
    ...{ imei: given.imei, text: given.command, codec: given.codec },
    ...{ timeoutMs: given.timeout, queueForMs: given.queue_for },
  });
  const state = stateOf(sent);
  const { row, report } = sent;
  const answer = report?.payload === undefined ? null : readable(report.payload);
  const json = { id: row.id, state, answer, reason: report?.reason ?? null, expires_at: row.expires_at };
  invocation.answer(json, () => sentence(sent, state, answer));
  const status = STATUS_BY_STATE[state];
  if (status !== 0) invocation.failQuietly(status);
}

function stateOf({ report }: Sent): CommandState {
  return report === undefined || report.outcome === 'unsolicited' ? 'queued' : report.outcome;
}

function sentence({ row, isConnected, report }: Sent, state: CommandState, answer: string | null): string {
  const until = row.expires_at.toISOString();
  switch (state) {
    case 'answered':
      return `${answer ?? ''}\n`;
    case 'nacked':
      return 'nacked: the device says that the IMEI is not its own; it did not run the command\n';
    case 'queued':
      return isConnected
        ? `queued until ${until}: it was not its turn in time\n`
        : `queued until ${until}: the device is not connected\n`;
    case 'sent':
      return 'sent: no answer yet\n';
    case 'unknown':
    case 'expired':
    case 'failed':
      return `${state}${report?.reason === undefined ? '' : `: ${report.reason}`}\n`;
  }
}
