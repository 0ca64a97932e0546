import { type Command } from 'commander';
import { z } from 'zod';
import { partOf } from '@app/common/contracts';
import { statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import {
  checkArguments,
  DEFAULT_TENANT,
  momentField,
  numberField,
  registerVerb,
  type Change,
  type Invocation,
  type Surroundings,
} from '../cli';
import { flag, keyField, topicField } from './outbox.schema';
import { wakeRelay } from './outbox.service';
import queueReplaySql from './sql/queue-replay.sql';

const QUEUE = statement('outbox_queue_replay', queueReplaySql);

/** More in one call would be one transaction for minutes; a time range takes the rest. */
const MOST_MESSAGES = 100_000;
const DEFAULT_RATE = 100;

const replaySchema = z
  .object({
    id: z.uuid('is no event id').optional(),
    key: keyField.optional(),
    topic: topicField.optional(),
    from: momentField.optional(),
    to: momentField.optional(),
    rate: numberField({ min: 1, max: 10_000, whole: true }).default(DEFAULT_RATE),
    as_new: flag,
    execute: flag,
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    message: 'is not behind --from',
  });
type ReplayRequest = z.infer<typeof replaySchema>;

/** Of one topic what a replay would publish or publishes; `first` and `last` are times of their commits. */
interface ReplayedTopic {
  readonly replay: string;
  readonly topic: string;
  readonly messages: number;
  readonly first: Date;
  readonly last: Date;
}

interface Replay {
  readonly replay: string | null;
  readonly messages: number;
  readonly topics: readonly Omit<ReplayedTopic, 'replay'>[];
  /** How long it takes at this rate. */
  readonly takes_s: number;
  readonly as_new: boolean;
  readonly selection: object;
}

/** `odo outbox replay`: publishes again what the outbox still keeps. */
export function registerReplay(outbox: Command, surroundings: Surroundings): void {
  registerVerb(outbox, surroundings, {
    usage: 'replay',
    summary: 'publish kept messages again; without --execute tell which those would be',
    example: 'odo outbox replay --topic fleet:events --from 2026-01-31T08:00:00Z --to 2026-01-31T09:00:00Z',
    notes:
      'Chosen by any of --id, --key, --topic, --from and --to, together. With the same ids it fills gaps and changes\n' +
      'nothing for a consumer that has them; --as-new makes other messages of them, each with #r<replay> behind its ids.',
    run,
  })
    .option('--id <event id>', 'this event')
    .option('--key <key>', 'of this key (IMEI) only')
    .option('--topic <topic>', 'of this topic only')
    .option('--from <moment>', 'the first time of commit')
    .option('--to <moment>', 'the first time of commit that is left out')
    .option('--rate <n>', `messages a second (default: ${DEFAULT_RATE})`)
    .option('--as-new', 'under ids of their own: consumers act on them a second time')
    .option('--execute', 'do it');
}

async function run(invocation: Invocation): Promise<void> {
  const request = checkArguments(replaySchema, {}, invocation.options);
  const { id, key, topic, from, to, execute } = request;
  if ([id, key, topic, from, to].every((each) => each === undefined)) {
    throw new OdographError('INPUT_INVALID', { detail: 'choose by --id, --key, --topic, --from or --to' });
  }
  const actor = invocation.actor();
  const [change] = await invocation.edit(
    'outbox.replay',
    async (transaction) => [await queueReplay(transaction, request, actor)],
    { dryRun: !execute },
  );
  const replay = change?.after ?? undefined;
  invocation.answer({ ...replay, ...(execute ? {} : { replay: null }), dry_run: !execute }, () =>
    replay === undefined ? 'no message\n' : sentence(replay, execute),
  );
}

/** @throws OdographError INPUT_INVALID where that would be too many at once. */
async function queueReplay(
  transaction: Transaction,
  { id, key, topic, from, to, rate, as_new: asNew }: ReplayRequest,
  actor: string,
): Promise<Change<Replay>> {
  const selection = { id, key, topic, from, to, rate };
  const part = key === undefined ? null : partOf(key);
  const chosen = [id ?? null, key ?? null, part, topic ?? null, from ?? null, to ?? null, MOST_MESSAGES + 1];
  const rows = await transaction.query<ReplayedTopic>(QUEUE, [
    ...chosen,
    ...[actor, JSON.stringify(selection), asNew, rate],
  ]);
  const messages = rows.reduce((sum, row) => sum + row.messages, 0);
  if (messages > MOST_MESSAGES) {
    const detail = `these are more than ${MOST_MESSAGES} messages; take them in parts, by --from and --to`;
    throw new OdographError('INPUT_INVALID', { detail });
  }
  if (messages > 0) await wakeRelay(transaction);
  const [replay = null] = rows.map((row) => row.replay);
  const topics = rows.map(({ replay: _replay, ...row }) => row);
  const takesS = Math.floor(messages / rate);
  const after: Replay = { replay, messages, topics, takes_s: takesS, as_new: asNew, selection };
  return {
    outcome: messages === 0 ? 'unchanged' : 'added',
    ...{ tenantId: DEFAULT_TENANT, subject: `outbox-replay:${replay ?? 'none'}` },
    ...{ before: null, after },
  };
}

function sentence(
  { replay, messages, topics, takes_s: takesS, as_new: asNew }: Replay,
  done: boolean,
): string {
  if (messages === 0) return 'no message\n';
  const lines = topics.map(
    ({ topic, messages: count, first, last }) =>
      `${topic}: ${count}, committed ${first.toISOString()} to ${last.toISOString()}\n`,
  );
  const how = `${asNew ? 'as new' : 'with the same ids'}, over ${takesS} s`;
  const what = done ? `replay ${replay}: ${messages} queued` : `${messages} would be published again`;
  return `${lines.join('')}${what} ${how}${done ? '' : ' (--execute does it)'}\n`;
}
