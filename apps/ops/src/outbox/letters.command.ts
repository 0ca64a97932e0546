import { type Command } from 'commander';
import { maskImei } from '@app/common/observability';
import {
  checkArguments,
  registerVerb,
  type Change,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { type Transaction } from '@app/common/database';
import { chosenSchema, listSchema, purgeSchema, resolveSchema, showSchema } from './letters.schema';
import {
  findLetter,
  type Letter,
  type ListedLetter,
  MOST_LETTERS,
  newestLetters,
  purgeLetters,
  replayLetters,
  resolveLetters,
} from './letters.service';

const columns: readonly Column<ListedLetter>[] = [
  { heading: 'LETTER', of: ({ letter }) => letter },
  { heading: 'FAILED', of: ({ failed_at: at }) => at },
  { heading: 'REASON', of: ({ reason }) => reason },
  { heading: 'TOPIC', of: ({ topic }) => topic },
  { heading: 'KEY', of: ({ key }) => key },
  { heading: 'KIND', of: ({ kind }) => kind },
  { heading: 'ATTEMPTS', of: ({ attempts }) => attempts },
  { heading: 'RESOLVED', of: ({ resolution }) => resolution },
  { heading: 'WHY', of: ({ last_error: why }) => why },
];

const CHOICE = `Name one letter, or choose by --topic, --why, --key or --all; at most ${MOST_LETTERS} at once.`;

/** `odo outbox dlq list|show|replay|resolve|purge`: messages that the retry lane gave up. */
export function registerLetters(outbox: Command, surroundings: Surroundings): void {
  const dlq = outbox.command('dlq').description('messages that were given up: look, send again, put aside');
  const filters = (verb: Command): Command =>
    verb
      .option('--topic <topic>', 'of this topic only')
      .option('--why <reason>', 'given up for this reason only: max_deliveries, retry_terminal, rejected')
      .option('--key <key>', 'of this key only');
  const choice = (verb: Command): Command =>
    filters(verb)
      .option('--all', 'every letter that is not resolved')
      .option('--dry-run', 'tell what would be done and do nothing');
  filters(
    registerVerb(dlq, surroundings, {
      usage: 'list',
      summary: 'list the newest letters that nobody has resolved',
      example: 'odo outbox dlq list --topic notification:intents',
      run: list,
    }),
  )
    .option('--resolved', 'those that are resolved too')
    .option('--limit <n>', 'how many (default: 50)')
    .option('--full', 'show keys as they are');
  registerVerb(dlq, surroundings, {
    usage: 'show <letter>',
    summary: 'show a letter: the message, why it was given up, and how many of its key wait behind it',
    example: 'odo outbox dlq show 17',
    run: show,
  }).option('--full', 'show keys as they are');
  choice(
    registerVerb(dlq, surroundings, {
      usage: 'replay [letter]',
      summary: 'try the messages again, with their attempts counted from zero',
      example: 'odo outbox dlq replay --why retry_terminal --dry-run',
      notes: `${CHOICE} What fails again becomes a new letter.`,
      run: (invocation, letter) => {
        const chosen = checkArguments(chosenSchema, { letter }, invocation.options);
        return change(invocation, 'outbox.dlq.replay', chosen.dry_run, (tx) => replayLetters(tx, chosen));
      },
    }),
  );
  choice(
    registerVerb(dlq, surroundings, {
      usage: 'resolve [letter]',
      summary: 'give the messages up for good: what waits behind them goes on',
      example: 'odo outbox dlq resolve 17 --reason "test device, firmware 0.1"',
      notes: CHOICE,
      run: (invocation, letter) => {
        const { reason, ...chosen } = checkArguments(resolveSchema, { letter }, invocation.options);
        const work = (tx: Transaction) => resolveLetters(tx, chosen, reason);
        return change(invocation, 'outbox.dlq.resolve', chosen.dry_run, work);
      },
    }),
  ).requiredOption('--reason <text>', 'why, for the audit');
  registerVerb(dlq, surroundings, {
    usage: 'purge',
    summary: 'delete letters that were resolved; without --execute tell how many that would be',
    example: 'odo outbox dlq purge --before 2026-01-31 --execute',
    notes:
      'Months that are older than RELAY_DEAD_LETTER_KEEP go by themselves; this is for what must go sooner.',
    run: purge,
  })
    .requiredOption('--before <moment>', 'those that failed before')
    .option('--execute', 'do it');
}

async function list(invocation: Invocation): Promise<void> {
  const filter = checkArguments(listSchema, {}, invocation.options);
  const letters = await invocation.read((database) => newestLetters(database, filter));
  invocation.answerRows(
    columns,
    letters.map((letter) => (filter.full ? letter : { ...letter, key: maskImei(letter.key) })),
  );
}

async function show(invocation: Invocation, named: string | undefined): Promise<void> {
  const { letter, full } = checkArguments(showSchema, { letter: named }, invocation.options);
  const found = await invocation.read((database) => findLetter(database, letter));
  const { key, payload } = found;
  const masked = { key: maskImei(key), payload: payload.replaceAll(key, maskImei(key)) };
  invocation.answerFields({ ...found, ...(full ? {} : masked) });
}

async function change(
  invocation: Invocation,
  action: string,
  dryRun: boolean,
  work: (transaction: Transaction) => Promise<readonly Change<Letter>[]>,
): Promise<void> {
  const letters = (await invocation.edit(action, work, { dryRun })).map(
    ({ before, after }) => after ?? before,
  );
  const verb = action.endsWith('replay') ? 'replayed' : 'resolved';
  invocation.answer({ letters, dry_run: dryRun }, () =>
    dryRun
      ? `${letters.length} would be ${verb} (dry run: nothing was done)\n`
      : `${letters.length} ${verb}\n`,
  );
}

async function purge(invocation: Invocation): Promise<void> {
  const { before, execute } = checkArguments(purgeSchema, {}, invocation.options);
  const [done] = await invocation.edit('outbox.dlq.purge', async (tx) => [await purgeLetters(tx, before)], {
    dryRun: !execute,
  });
  const purged = done?.before ?? { letters: 0, first: null, last: null };
  invocation.answer({ ...purged, dry_run: !execute }, () =>
    execute ? `${purged.letters} purged\n` : `${purged.letters} would be purged (--execute does it)\n`,
  );
}
