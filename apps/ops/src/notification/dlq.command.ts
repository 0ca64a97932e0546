import { type Command } from 'commander';
import { CHANNELS } from '@app/common/contracts';
import { type Transaction } from '@app/common/database';
import {
  checkArguments,
  registerVerb,
  withMaskedImeis,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import {
  DEFAULT_RATE,
  listSchema,
  replaySchema,
  resolveSchema,
  showSchema,
  type ChosenLetters,
} from './dlq.schema';
import {
  changeOf,
  findLetter,
  MOST_LETTERS,
  MOST_REPLAYS,
  newestLetters,
  replayLetters,
  resolveLetters,
  type LetterOutcome,
  type ListedLetter,
} from './dlq.service';

const columns: readonly Column<ListedLetter>[] = [
  { heading: 'LETTER', of: ({ letter }) => letter },
  { heading: 'FAILED', of: ({ failed_at: at }) => at },
  { heading: 'CLASS', of: ({ error_class: errorClass }) => errorClass },
  { heading: 'TYPE', of: ({ notification_type: type }) => type },
  { heading: 'ROUTE', of: ({ route_id: id }) => id },
  { heading: 'ATTEMPTS', of: ({ attempts }) => attempts },
  { heading: 'RESOLVED', of: ({ resolution }) => resolution },
  { heading: 'WHY', of: ({ error_message: message }) => message },
];

const CHOICE =
  `Name one letter, or choose by the filters or --all; at most ${MOST_LETTERS} at once. Of several it tells what would be\n` +
  'done, and does it with --yes.';

const filters = (verb: Command): Command =>
  verb
    .option('--channel <channel>', `of this channel only: ${CHANNELS.join(', ')}`)
    .option('--class <class>', 'of this error class only, such as mail_stream_publish_failed')
    .option('--type <type>', 'of this notification type only')
    .option('--recipient <user>', 'for this user, or administrator, only')
    .option('--tenant <id>', 'of this tenant only')
    .option('--since <moment>', 'given up from then on');
const choice = (verb: Command): Command =>
  filters(verb)
    .option('--all', 'every letter that nothing was done about')
    .option('--yes', 'do it to all that are chosen')
    .option('--dry-run', 'tell what would be done and do nothing');

/** `odo notification dlq list|show|replay|resolve`: routes that were given up. */
export function registerNotificationDlq(notification: Command, surroundings: Surroundings): void {
  const dlq = notification
    .command('dlq')
    .description('routes that were given up: look, send again, put aside');
  filters(
    registerVerb(dlq, surroundings, {
      usage: 'list',
      summary: 'list the newest letters that nothing was done about',
      example: 'odo notification dlq list --channel email',
      run: list,
    }),
  )
    .option('--resolved', 'those that were replayed or resolved too')
    .option('--limit <n>', 'how many (default: 50)')
    .option('--full', 'show IMEIs as they are');
  registerVerb(dlq, surroundings, {
    usage: 'show <letter>',
    summary: 'show a letter, and what was done about it',
    example: 'odo notification dlq show 17',
    run: show,
  }).option('--full', 'show IMEIs as they are');
  choice(
    registerVerb(dlq, surroundings, {
      usage: 'replay [letter]',
      summary: 'begin anew: a route of its own beside the dead one, which stays as it is',
      example: 'odo notification dlq replay --class mail_stream_publish_failed --rate 20 --yes',
      notes:
        `${CHOICE}\nA replay has the id of the route with #r1 behind, and attempts of its own; one that dies too can be replayed\n` +
        `again, up to ${MOST_REPLAYS} times. What is too old to be told of is left as it is.`,
      run: replay,
    }),
  )
    .option('--rate <n>', `routes a second (default: ${DEFAULT_RATE})`)
    .option('--reason <text>', 'why, for the audit');
  choice(
    registerVerb(dlq, surroundings, {
      usage: 'resolve [letter]',
      summary: 'put letters aside: nobody is told',
      example: 'odo notification dlq resolve 17 --reason "the mailbox is closed"',
      notes: CHOICE,
      run: resolve,
    }),
  ).requiredOption('--reason <text>', 'why, for the audit');
}

async function list(invocation: Invocation): Promise<void> {
  const filter = checkArguments(listSchema, {}, invocation.options);
  const letters = await invocation.read((database) => newestLetters(database, filter));
  invocation.answerRows(
    columns,
    letters.map((letter) => (filter.full ? letter : { ...letter, subject: withMaskedImeis(letter.subject) })),
  );
}

async function show(invocation: Invocation, named: string | undefined): Promise<void> {
  const { letter, full } = checkArguments(showSchema, { letter: named }, invocation.options);
  const found = await invocation.read((database) => findLetter(database, letter));
  invocation.answerFields(full ? found : { ...found, subject: withMaskedImeis(found.subject) });
}

function replay(invocation: Invocation, named: string | undefined): Promise<void> {
  const { rate, ...chosen } = checkArguments(replaySchema, { letter: named }, invocation.options);
  const resolver = { by: invocation.actor(), why: chosen.reason, rate };
  return change(invocation, 'replay', chosen, (tx) => replayLetters(tx, chosen, resolver));
}

function resolve(invocation: Invocation, named: string | undefined): Promise<void> {
  const chosen = checkArguments(resolveSchema, { letter: named }, invocation.options);
  const resolver = { by: invocation.actor(), why: chosen.reason };
  return change(invocation, 'resolve', chosen, (tx) => resolveLetters(tx, chosen, resolver));
}

async function change(
  invocation: Invocation,
  verb: 'replay' | 'resolve',
  { letter, dry_run: onlyTell, yes }: ChosenLetters,
  work: (transaction: Transaction) => Promise<readonly LetterOutcome[]>,
): Promise<void> {
  const dryRun = onlyTell || (letter === undefined && !yes);
  let letters: readonly LetterOutcome[] = [];
  await invocation.edit(
    `notification.dlq.${verb}`,
    async (transaction) => {
      letters = await work(transaction);
      return letters.filter(({ kind }) => kind === 'replayed' || kind === 'resolved').map(changeOf);
    },
    { dryRun },
  );
  const hint = onlyTell ? ' (dry run: nothing was done)' : ' (--yes does it)';
  invocation.answer({ letters, dry_run: dryRun }, () =>
    [...linesOf(letters, dryRun), countText(letters, verb, dryRun), dryRun ? hint : '', '\n'].join(''),
  );
}

const MOST_NAMED = 20;

/** Of few letters what becomes of each: the new id is what an operator asks about next. */
function linesOf(letters: readonly LetterOutcome[], dryRun: boolean): readonly string[] {
  const named = letters.filter(({ replayed_as: id }) => id !== null).slice(0, MOST_NAMED);
  return named.map(
    ({ letter, replayed_as: id }) =>
      `letter ${letter}: ${dryRun ? 'would go' : 'goes'} again as ${id ?? ''}\n`,
  );
}

function countText(letters: readonly LetterOutcome[], verb: 'replay' | 'resolve', dryRun: boolean): string {
  const count = (kind: LetterOutcome['kind']): number => letters.filter((one) => one.kind === kind).length;
  const done = verb === 'replay' ? 'replayed' : 'resolved';
  const left = [
    ...(count('expired') > 0 ? [`${count('expired')} too old to be told of`] : []),
    ...(count('too_many_replays') > 0 ? [`${count('too_many_replays')} replayed too often`] : []),
  ];
  return [`${count(done)} ${dryRun ? 'would be ' : ''}${done}`, ...left].join(', ');
}
