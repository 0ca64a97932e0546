import { type Command } from 'commander';
import { z } from 'zod';
import {
  describeDifferences,
  migrateAdopt,
  migrateDown,
  migrateUp,
  migrationStatus,
} from '@app/common/database';
import { checkArguments, numberField, registerVerb, type Invocation, type Surroundings } from '../cli';

const downSchema = z.object({ steps: numberField({ min: 1, max: 1000, whole: true }).default(1) });

/** `odo migrate up|down|status|adopt`: the schema, as its owner. */
export function registerMigrate(program: Command, surroundings: Surroundings): void {
  const command = program.command('migrate').description('bring the database schema up or down');
  registerVerb(command, surroundings, {
    usage: 'up',
    summary: 'apply the migrations that are pending',
    example: 'odo migrate up --database-url postgres://owner@localhost/odograph',
    notes: 'Needs a role that may create schemas and roles. Waits for another migration that is under way.',
    run: migrateToNewest,
  });
  registerVerb(command, surroundings, {
    usage: 'down',
    summary: 'take the newest migrations back; the first one takes all data with it',
    example: 'odo migrate down --steps 1',
    run: takeBack,
  }).option('--steps <n>', 'how many (default: 1)');
  registerVerb(command, surroundings, {
    usage: 'status',
    summary: 'list what is applied and what is pending; exits 1 unless the schema is that of this build',
    example: 'odo migrate status --json',
    run: tellStatus,
  });
  registerVerb(command, surroundings, {
    usage: 'adopt',
    summary:
      'record the migrations as applied, without running them, where the schema is already as they make it',
    example: 'odo migrate adopt --database-url postgres://owner@localhost/odograph',
    notes:
      'For a database whose schema came by another way. Exits 1 and tells the differences where there are any. Schemas and\n' +
      'tables of others are neither looked at nor touched.',
    run: adopt,
  });
}

async function migrateToNewest(invocation: Invocation): Promise<void> {
  const { applied, partitionsMade } = await migrateUp(await invocation.databaseUrl('owner'), {
    onWaiting: () => invocation.note('waiting for another migration of this database'),
  });
  invocation.answer({ applied, partitions_made: partitionsMade }, () =>
    applied.length === 0
      ? 'nothing to do: the schema is up to date\n'
      : applied.map((name) => `applied ${name}\n`).join(''),
  );
}

async function takeBack(invocation: Invocation): Promise<void> {
  const { steps } = checkArguments(downSchema, {}, invocation.options);
  const { reverted } = await migrateDown(await invocation.databaseUrl('owner'), {
    steps,
    onWaiting: () => invocation.note('waiting for another migration of this database'),
  });
  invocation.answer({ reverted }, () =>
    reverted.length === 0 ? 'nothing to take back\n' : reverted.map((name) => `reverted ${name}\n`).join(''),
  );
}

async function adopt(invocation: Invocation): Promise<void> {
  const { adopted, differences } = await migrateAdopt(await invocation.databaseUrl('owner'), {
    onWaiting: () => invocation.note('waiting for another migration of this database'),
  });
  invocation.answer({ adopted, differences }, () => {
    if (differences.length > 0) return `${describeDifferences(differences)}\nnot adopted\n`;
    return adopted.length === 0
      ? 'nothing to do: every migration is recorded already\n'
      : adopted.map((name) => `adopted ${name}\n`).join('');
  });
  if (differences.length > 0) invocation.failQuietly();
}

async function tellStatus(invocation: Invocation): Promise<void> {
  const status = await migrationStatus(await invocation.databaseUrl('owner'));
  invocation.answer(status, () =>
    [
      ...status.applied.map((name) => `applied  ${name}\n`),
      ...status.pending.map((name) => `pending  ${name}\n`),
      ...status.unknown.map((name) => `unknown  ${name} (made by a newer version)\n`),
    ].join(''),
  );
  if (status.pending.length > 0 || status.unknown.length > 0) invocation.failQuietly();
}
