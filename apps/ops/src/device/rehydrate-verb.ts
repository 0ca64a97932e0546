import { type Command } from 'commander';
import { z } from 'zod';
import { imeiSchema } from '@app/common/contracts';
import { statement } from '@app/common/database';
import {
  checkArguments,
  numberField,
  registerVerb,
  type Change,
  type Invocation,
  type Surroundings,
} from '../cli';
import { liveDevice } from './device.service';
import { settlementOf, waitUntilSettled, type SettlementChange } from './settlement';
import requestResettling from './sql/request-resettling.sql';

const REQUEST = statement('device_request_resettling', requestResettling);

/** How long a command that had something settled again waits for it, in seconds. */
export const waitField = numberField({ min: 0, max: 3600 }).default(30);
export const WAIT_OPTION = ['--wait-s <seconds>', 'how long to wait for it (default: 30)'] as const;

const rehydrateSchema = z.object({ imei: imeiSchema, wait_s: waitField });

/** `odo device rehydrate`. */
export function registerRehydrate(device: Command, surroundings: Surroundings): void {
  registerVerb(device, surroundings, {
    usage: 'rehydrate <imei>',
    summary: 'settle the state and the events of a device anew from its stored positions',
    example: 'odo device rehydrate 356307042441013',
    notes: [
      'The processor that owns the device does it, in slices beside its fresh records, and lets go of what it remembers',
      'of it; without a running processor it is done as soon as one runs. Events that no longer follow are retracted.',
    ].join('\n'),
    run: rehydrate,
  }).option(...WAIT_OPTION);
}

async function rehydrate(invocation: Invocation, given: string | undefined): Promise<void> {
  const key = checkArguments(rehydrateSchema, { imei: given }, invocation.options);
  const { id, before } = await invocation.read(async (database) => {
    const device = await liveDevice(database, key);
    return { id: device.id, before: await settlementOf(database, device.id) };
  });
  await invocation.edit('device.rehydrate', async (transaction): Promise<Change<object>[]> => {
    const device = await liveDevice(transaction, key);
    const [row] = await transaction.query<{ requested: boolean }>(REQUEST, [device.id]);
    const isRequested = row?.requested === true;
    return [
      {
        outcome: isRequested ? 'updated' : 'unchanged',
        tenantId: device.tenant_id,
        subject: key.imei,
        before: { version: before.state?.version ?? null },
        after: { requested: isRequested },
      },
    ];
  });
  const change = await invocation.read((database) =>
    waitUntilSettled(database, id, before, key.wait_s * 1000),
  );
  answerSettled(invocation, key.imei, change);
}

/** What settling again has changed, and a remark where it is not over. */
export function answerSettled(
  invocation: Invocation,
  imei: string,
  change: SettlementChange,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  const { events_added: added, events_retracted: retracted, ...rest } = change;
  invocation.answer({ imei, ...fields, ...change }, () =>
    [
      ...Object.entries({ imei, ...fields, ...rest }).map(
        ([name, value]) => `${name}: ${String(value ?? '-')}`,
      ),
      ...added.map((event) => `added: ${event}`),
      ...retracted.map((event) => `retracted: ${event}`),
      '',
    ].join('\n'),
  );
  if (!change.settled) invocation.note('It goes on: the processor that owns the device has not finished.');
}
