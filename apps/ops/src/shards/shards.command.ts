import { type Command } from 'commander';
import { z } from 'zod';
import { MAX_TELEMETRY_SHARDS } from '@app/common/contracts';
import {
  checkArguments,
  numberField,
  redisOption,
  registerVerb,
  type Invocation,
  type Surroundings,
} from '../cli';
import { checkReshard, reshard, shardFacts } from './shards.service';

const reshardSchema = z.object({
  to: numberField({ min: 1, max: MAX_TELEMETRY_SHARDS, whole: true }),
  dry_run: z.boolean().default(false),
});

const RESHARD_NOTES =
  'Stop, drain, switch: stop every edge, let ingest read what is left, stop it, run this, start all with the new\n' +
  'TELEMETRY_SHARDS. Refused while an ingest or an edge lives, or while an entry is not stored. Dead letters move to the\n' +
  'shards of their devices. Cut off, the same command goes on.';

/** `odo shards show|reshard`. */
export function registerShards(program: Command, surroundings: Surroundings): void {
  const command = program.command('shards').description('the number of telemetry shards');
  redisOption(
    registerVerb(command, surroundings, {
      usage: 'show',
      summary: 'show the recorded number and who goes by it',
      example: 'odo shards show',
      run: async (invocation) => {
        const facts = await invocation.read((database) =>
          invocation.withStreams((streams) => shardFacts(database, streams)),
        );
        invocation.answerFields(facts);
      },
    }),
  );
  redisOption(
    registerVerb(command, surroundings, {
      usage: 'reshard',
      summary: 'change the number of shards of a deployment that stands still',
      example: 'odo shards reshard --to 32',
      notes: RESHARD_NOTES,
      run,
    }),
  )
    .requiredOption('--to <n>', 'the new number')
    .option('--dry-run', 'tell whether it could be done now, and do nothing');
}

async function run(invocation: Invocation): Promise<void> {
  const { to, dry_run: dryRun } = checkArguments(reshardSchema, {}, invocation.options);
  await invocation.withStreams(async (streams) => {
    if (dryRun) {
      const facts = await invocation.read((database) => checkReshard(database, streams));
      return invocation.answer(
        { ...facts, to, dry_run: true },
        () => `nothing stands in the way of ${to} shards (dry run: nothing was done)\n`,
      );
    }
    const [change] = await invocation.edit('shards.reshard', async (transaction) => [
      await reshard(transaction, streams, to),
    ]);
    invocation.answer({ outcome: change?.outcome, ...change?.after }, () =>
      change?.outcome === 'unchanged'
        ? `there are ${to} shards already\n`
        : `${to} shards: start every app with TELEMETRY_SHARDS=${to}\n`,
    );
  });
}
