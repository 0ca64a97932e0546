import { type Command } from 'commander';
import { z } from 'zod';
import {
  checkArguments,
  type Column,
  countField,
  type Invocation,
  registerVerb,
  type Surroundings,
} from '../cli';
import { listSuppressions, removeSuppression, type SuppressionRow } from './suppression.service';

const columns: readonly Column<SuppressionRow>[] = [
  { heading: 'ADDRESS', of: ({ address }) => address },
  { heading: 'SINCE', of: ({ since }) => since },
  { heading: 'CODE', of: ({ smtp_code: code }) => code },
  { heading: 'ANSWER', of: ({ smtp_text: text }) => text },
];

const DEFAULT_COUNT = 100;
const addressField = z.string().min(1, 'is empty');
const listSchema = z.object({ address: addressField.optional(), count: countField(DEFAULT_COUNT) });
const removeSchema = z.object({ address: addressField });

/** `odo mail suppression list|remove`: addresses that the mail sender sends nothing to. */
export function registerMail(program: Command, surroundings: Surroundings): void {
  const mail = program.command('mail').description('what the mail sender keeps');
  const command = mail
    .command('suppression')
    .description('addresses that their server has refused for good, and that nothing is sent to');
  registerVerb(command, surroundings, {
    usage: 'list',
    summary: 'list suppressed addresses, the newest first',
    example: 'odo mail suppression list --count 20',
    run: list,
  })
    .option('--address <address>', 'this one only')
    .option('--count <n>', `how many (default: ${DEFAULT_COUNT})`);
  registerVerb(command, surroundings, {
    usage: 'remove <address>',
    summary: 'let mails go to an address again',
    example: 'odo mail suppression remove ann@example.com',
    notes: 'Mails that were suppressed meanwhile are not sent.',
    run: remove,
  });
}

async function list(invocation: Invocation): Promise<void> {
  const { address, count } = checkArguments(listSchema, {}, invocation.options);
  invocation.answerRows(
    columns,
    await invocation.read((database) => listSuppressions(database, address, count)),
  );
}

async function remove(invocation: Invocation, given: string | undefined): Promise<void> {
  const { address } = checkArguments(removeSchema, { address: given }, invocation.options);
  const changes = await invocation.edit('mail.suppression.remove', async (transaction) => [
    await removeSuppression(transaction, address),
  ]);
  invocation.answerChanges('suppression', changes);
}
