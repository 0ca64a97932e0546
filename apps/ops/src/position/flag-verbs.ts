import { type Command } from 'commander';
import { z } from 'zod';
import { imeiSchema } from '@app/common/contracts';
import { sqlStateOf, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import {
  checkArguments,
  momentField,
  nameField,
  registerVerb,
  type Change,
  type Invocation,
  type Surroundings,
} from '../cli';
import { answerSettled, liveDevice, settlementOf, WAIT_OPTION, waitField, waitUntilSettled } from '../device';
import flagPositions from './sql/flag-positions.sql';

const FLAG = statement('position_flag', flagPositions);

/** A day of a record each second; a resent record waits for as long as one command takes. */
const MAX_RECORDS = 100_000;
const PROGRAM_LIMIT_EXCEEDED = '54000';

const flagSchema = z
  .object({
    imei: imeiSchema,
    from: momentField,
    to: momentField,
    reason: nameField,
    wait_s: waitField,
  })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'is not behind --from' });
type FlagRequest = z.infer<typeof flagSchema>;

/** `odo position flag|unflag`. */
export function registerFlagVerbs(position: Command, surroundings: Surroundings): void {
  for (const verb of ['flag', 'unflag'] as const) {
    const isFaulty = verb === 'flag';
    registerVerb(position, surroundings, {
      usage: `${verb} <imei>`,
      summary: isFaulty
        ? 'hide faulty records from every reader, and settle what followed from them anew'
        : 'show hidden records again, and settle what follows from them anew',
      example: `odo position ${verb} 356307042441013 --from 2026-01-31T08:00:00Z --to 2026-01-31T09:00:00Z --reason "antenna"`,
      notes: isFaulty
        ? 'Only records that are stored by now are hidden; they stay so when they are resent. Events that followed from\nthem are retracted; notifications that were sent stay sent.'
        : 'Events that follow from them stand again, without another notification.',
      run: (invocation, given) => flag(invocation, given, isFaulty),
    })
      .requiredOption('--from <moment>', 'the first event time')
      .requiredOption('--to <moment>', 'the first event time that is left as it is')
      .requiredOption('--reason <text>', 'why, for the audit')
      .option(...WAIT_OPTION);
  }
}

async function flag(invocation: Invocation, given: string | undefined, isFaulty: boolean): Promise<void> {
  const request = checkArguments(flagSchema, { imei: given }, invocation.options);
  const { id, before } = await invocation.read(async (database) => {
    const device = await liveDevice(database, request);
    return { id: device.id, before: await settlementOf(database, device.id) };
  });
  let records = 0;
  await invocation.edit(`position.${isFaulty ? 'flag' : 'unflag'}`, async (transaction) => {
    const device = await liveDevice(transaction, request);
    records = await flagRecords(transaction, device.id, request, isFaulty);
    return [changeOf(request, device.tenant_id, records)];
  });
  const change = await invocation.read((database) =>
    waitUntilSettled(database, id, before, request.wait_s * 1000),
  );
  answerSettled(invocation, request.imei, change, { [isFaulty ? 'hidden' : 'shown']: records });
}

/** @throws OdographError INPUT_INVALID where that would be too many at once. */
async function flagRecords(
  transaction: Transaction,
  deviceId: string,
  { from, to }: FlagRequest,
  isFaulty: boolean,
): Promise<number> {
  try {
    const parameters = [deviceId, from, to, isFaulty, MAX_RECORDS];
    const [row] = await transaction.query<{ records: number }>(FLAG, parameters);
    return row?.records ?? 0;
  } catch (error) {
    if (sqlStateOf(error) !== PROGRAM_LIMIT_EXCEEDED) throw error;
    const detail = `more than ${MAX_RECORDS} records lie between --from and --to; take them in parts`;
    throw new OdographError('INPUT_INVALID', { detail, cause: error });
  }
}

function changeOf(
  { imei, from, to, reason }: FlagRequest,
  tenantId: string,
  records: number,
): Change<object> {
  return {
    outcome: records === 0 ? 'unchanged' : 'updated',
    tenantId,
    subject: imei,
    before: null,
    after: { from: from.toISOString(), to: to.toISOString(), reason, records },
  };
}
