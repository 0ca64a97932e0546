import { type Command } from 'commander';
import { z } from 'zod';
import { duration, readSettings, retentionSettings } from '@app/common/config';
import { OdographError } from '@app/common/errors';
import {
  checkArguments,
  numberField,
  registerVerb,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import {
  dropDays,
  droppableBefore,
  makePartitions,
  partitionsOf,
  type PartitionRow,
} from './partitions.service';

const days = (fallback: number) => numberField({ min: 0, max: 3_660, whole: true }).default(fallback);
const ensureSchema = z.object({ days_back: days(1), days_ahead: days(2) });
const keepSchema = z.object({ keep: z.union([z.undefined(), duration('3650d')]) });
const dropSchema = keepSchema.extend({
  before: z.iso.date('is no day such as 2026-01-31'),
  yes: z.boolean().default(false),
});

const MEBIBYTE = 1_048_576;

const columns: readonly Column<PartitionRow>[] = [
  { heading: 'TABLE', of: ({ name }) => name },
  { heading: 'FROM', of: ({ from }) => from ?? 'all other times' },
  { heading: 'TO', of: ({ to }) => to },
  { heading: 'ROWS (ABOUT)', of: ({ rows_estimate: rows }) => rows },
  { heading: 'SIZE', of: ({ size_bytes: bytes }) => `${(bytes / MEBIBYTE).toFixed(1)} MiB` },
  { heading: 'KEPT UNTIL', of: ({ droppable_from: day }) => day },
];

/** `odo partitions ensure|list|drop`: the day tables of telemetry.position. */
export function registerPartitions(program: Command, surroundings: Surroundings): void {
  const command = program.command('partitions').description('the day tables of positions');
  registerVerb(command, surroundings, {
    usage: 'ensure',
    summary:
      'make the tables of the days around today where they are missing, with what DEFAULT has caught of them',
    example: 'odo partitions ensure --days-ahead 7',
    run: ensure,
  })
    .option('--days-back <n>', 'from so many days ago (default: 1)')
    .option('--days-ahead <n>', 'to so many days ahead (default: 2)');
  const keep = (verb: Command): Command =>
    verb.option('--keep <duration>', 'how long positions are kept (default: POSITION_RETENTION)');
  keep(
    registerVerb(command, surroundings, {
      usage: 'list',
      summary: 'list the tables: days, rows, size, and until when retention keeps them',
      example: 'odo partitions list',
      run: list,
    }),
  );
  keep(
    registerVerb(command, surroundings, {
      usage: 'drop',
      summary: 'drop the tables of all days before a day, with their positions; refused within what is kept',
      example: 'odo partitions drop --before 2025-01-01 --yes',
      notes:
        'A record of a dropped day that is sent again would be stored again: what is gone cannot be compared with.',
      run: drop,
    }),
  )
    .requiredOption('--before <day>', 'the first day that stays')
    .option('--yes', 'do it; without it what would be dropped is told');
}

async function ensure(invocation: Invocation): Promise<void> {
  const { days_back: back, days_ahead: ahead } = checkArguments(ensureSchema, {}, invocation.options);
  const [change] = await invocation.edit('partitions.ensure', async (transaction) => [
    await makePartitions(transaction, back, ahead),
  ]);
  invocation.answer({ outcome: change?.outcome, ...change?.after }, () =>
    change?.outcome === 'added' ? 'missing days are made\n' : 'nothing to do: every day has its table\n',
  );
}

async function list(invocation: Invocation): Promise<void> {
  const given = checkArguments(keepSchema, {}, invocation.options);
  const rows = await invocation.read((database) => partitionsOf(database, keepMsOf(invocation, given.keep)));
  invocation.answerRows(columns, rows);
}

async function drop(invocation: Invocation): Promise<void> {
  const { before, yes, keep } = checkArguments(dropSchema, {}, invocation.options);
  const keepMs = keepMsOf(invocation, keep);
  if (!yes) {
    const chosen = await invocation.read((database) => droppableBefore(database, before, keepMs));
    const names = chosen.map(({ name }) => name).join(', ');
    throw new OdographError('INPUT_INVALID', {
      detail: `--yes is missing; dropped would be ${names === '' ? 'nothing' : names}`,
    });
  }
  const changes = await invocation.edit('partitions.drop', (transaction) =>
    dropDays(transaction, before, keepMs),
  );
  const dropped = changes.map(({ before: partition }) => partition);
  invocation.answer({ dropped }, () =>
    dropped.length === 0
      ? 'nothing to drop\n'
      : changes.map(({ subject }) => `dropped ${subject}\n`).join(''),
  );
}

function keepMsOf(invocation: Invocation, given: number | undefined): number {
  return given ?? readSettings(retentionSettings, invocation.environment).POSITION_RETENTION;
}
