import { type Command } from 'commander';
import { z } from 'zod';
import { imeiSchema } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { maskImei } from '@app/common/observability';
import {
  checkArguments,
  momentText,
  registerVerb,
  timeRangeFields,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { findDevices } from '../device';
import { registerFlagVerbs } from './flag-verbs';
import { positionPages, type PositionRow } from './position.service';

const listSchema = z.object({ imei: imeiSchema, ...timeRangeFields });

/** A row as it is printed: 64-bit numbers as text, since JSON's numbers cannot carry them. */
type PrintedRow = Omit<PositionRow, 'time' | 'digest' | 'odometer_m'> & {
  readonly time: string;
  readonly digest: string;
  readonly odometer_m: string | null;
};

const NAMES = [
  ...(['time', 'longitude', 'latitude', 'altitude_m', 'angle_deg', 'satellites', 'speed_kmh'] as const),
  ...(['fix_valid', 'ignition', 'movement', 'odometer_m', 'external_voltage_mv', 'priority'] as const),
  ...(['event_io_id', 'flags', 'received_at', 'raw_time_ms', 'digest'] as const),
];
const columns: readonly Column<PrintedRow>[] = NAMES.map((name) => ({
  heading: name.toUpperCase(),
  of: (row) => row[name],
}));

/** `odo position list|flag|unflag`. */
export function registerPosition(program: Command, surroundings: Surroundings): void {
  const command = program.command('position').description('what devices have sent, as it is stored');
  registerVerb(command, surroundings, {
    usage: 'list <imei>',
    summary: 'list the positions of a device in the order of their event times',
    example: 'odo position list 356307042441013 --from 2026-01-31 --to 2026-02-01 --csv',
    notes: 'Degrees, metres, km/h, millivolts. However long it is, it is read and written page by page.',
    run: list,
  })
    .option('--from <time>', 'the first moment (default: the first record)')
    .option('--to <time>', 'the first moment that is not listed (default: none)')
    .option('--csv', 'answer as CSV');
  registerFlagVerbs(command, surroundings);
}

async function list(invocation: Invocation, given: string | undefined): Promise<void> {
  const { imei, from, to, csv } = checkArguments(listSchema, { imei: given }, invocation.options);
  await invocation.read(async (database) => {
    const [device] = await findDevices(database, { imei });
    if (device === undefined) throw new OdographError('NOT_FOUND', { detail: `no device ${maskImei(imei)}` });
    await invocation.answerPages(columns, printed(positionPages(database, device.id, { from, to })), { csv });
  }, 'reader');
}

async function* printed(pages: AsyncIterable<readonly PositionRow[]>): AsyncGenerator<readonly PrintedRow[]> {
  for await (const rows of pages) {
    yield rows.map((row) => ({
      ...row,
      time: momentText(row.time),
      digest: row.digest.toString(),
      odometer_m: row.odometer_m?.toString() ?? null,
    }));
  }
}
