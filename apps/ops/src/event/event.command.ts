import { type Command } from 'commander';
import { z } from 'zod';
import { EVENT_KINDS, imeiSchema } from '@app/common/contracts';
import { OdographError } from '@app/common/errors';
import { maskImei } from '@app/common/observability';
import {
  checkArguments,
  registerVerb,
  timeRangeFields,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { findDevices } from '../device';
import { eventPages, type EventRow } from './event.service';

const listSchema = z.object({
  imei: imeiSchema.optional(),
  all: z.boolean().default(false),
  ...timeRangeFields,
  kind: z.enum(EVENT_KINDS, `is none of ${EVENT_KINDS.join(', ')}`).optional(),
  retracted: z.boolean().default(false),
});

const NAMES = [
  ...(['occurred_at', 'imei', 'kind', 'reference', 'longitude', 'latitude', 'speed_kmh'] as const),
  ...(['historical', 'retracted_at', 'confirmed_time', 'created_at', 'tenant_id', 'event_id'] as const),
];
const columns: readonly Column<EventRow>[] = [
  ...NAMES.map((name) => ({ heading: name.toUpperCase(), of: (row: EventRow) => row[name] })),
  { heading: 'DETAILS', of: ({ details }) => JSON.stringify(details) },
];

/** `odo event list`. */
export function registerEvent(program: Command, surroundings: Surroundings): void {
  const command = program.command('event').description('what the rules have found');
  registerVerb(command, surroundings, {
    usage: 'list [imei]',
    summary: 'list the events of a device, or with --all of every device, in the order of their times',
    example: 'odo event list 356307042441013 --from 2026-01-31 --kind overspeed.started --json',
    notes: 'However long it is, it is read and written page by page.',
    run: list,
  })
    .option('--all', 'of every device')
    .option('--from <time>', 'the first moment (default: the first event)')
    .option('--to <time>', 'the first moment that is not listed (default: none)')
    .option('--kind <kind>', `of this kind only: ${EVENT_KINDS.join(', ')}`)
    .option('--retracted', 'also those that a late record has shown to be wrong')
    .option('--csv', 'answer as CSV');
}

async function list(invocation: Invocation, given: string | undefined): Promise<void> {
  const filter = checkArguments(listSchema, given === undefined ? {} : { imei: given }, invocation.options);
  const { imei, all, from, to, kind, retracted, csv } = filter;
  if ((imei === undefined) !== all)
    throw new OdographError('INPUT_INVALID', { detail: 'name one device, or --all' });
  await invocation.read(async (database) => {
    if (imei !== undefined && (await findDevices(database, { imei })).length === 0)
      throw new OdographError('NOT_FOUND', { detail: `no device ${maskImei(imei)}` });
    const pages = eventPages(database, { imei, from, to, kind, withRetracted: retracted });
    await invocation.answerPages(columns, pages, { csv });
  }, 'reader');
}
