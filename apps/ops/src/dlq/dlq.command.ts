import { type Command } from 'commander';
import { describeError } from '@app/common/errors';
import { maskImei } from '@app/common/observability';
import { type Streams, text } from '@app/common/streams';
import {
  checkArguments,
  redisOption,
  registerVerb,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { decodedFrame, entryView } from '../streams';
import { chosenSchema, listSchema, resolveSchema, showSchema, type ChosenLetters } from './dlq.schema';
import {
  chosenLetters,
  findLetter,
  letterName,
  newestLetters,
  replayOne,
  resolveOne,
  type Letter,
} from './dlq.service';

interface LetterRow {
  readonly letter: string;
  readonly failed_at: string | null;
  readonly error_code: string | null;
  readonly imei: string | null;
  readonly attempts: number | null;
  readonly source: string | null;
  readonly error_message: string | null;
}

const columns: readonly Column<LetterRow>[] = [
  { heading: 'LETTER', of: ({ letter }) => letter },
  { heading: 'FAILED', of: ({ failed_at: at }) => at },
  { heading: 'CODE', of: ({ error_code: code }) => code },
  { heading: 'IMEI', of: ({ imei }) => imei },
  { heading: 'ATTEMPTS', of: ({ attempts }) => attempts },
  { heading: 'SOURCE', of: ({ source }) => source },
  { heading: 'WHY', of: ({ error_message: message }) => message },
];

const CHOICE = 'Name one letter, or choose by --code, --imei or --all.';

/** `odo dlq list|show|replay|resolve`: what could not pass, over all shards. */
export function registerDlq(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('dlq')
    .description('frames that could not pass: look, send back, put aside');
  const filters = (verb: Command): Command =>
    redisOption(verb)
      .option('--code <code>', 'with this error code only')
      .option('--imei <imei>', 'of this device only');
  const choice = (verb: Command): Command =>
    filters(verb)
      .option('--all', 'every letter that there is now')
      .option('--dry-run', 'tell what would be done and do nothing');
  filters(
    registerVerb(command, surroundings, {
      usage: 'list',
      summary: 'list the newest letters of all shards',
      example: 'odo dlq list --code UNKNOWN_DEVICE',
      run: list,
    }),
  )
    .option('--limit <n>', 'how many (default: 50)')
    .option('--full', 'show IMEIs as they are');
  redisOption(
    registerVerb(command, surroundings, {
      usage: 'show <letter>',
      summary: 'show a letter: original fields, the frame decoded, why it failed, how often and when',
      example: 'odo dlq show 3/1769846400000-0',
      run: show,
    }),
  ).option('--full', 'show IMEIs as they are');
  choice(
    registerVerb(command, surroundings, {
      usage: 'replay [letter]',
      summary: 'put letters back into their telemetry stream, each once, and take them off the list',
      example: 'odo dlq replay --code UNKNOWN_DEVICE --dry-run',
      notes: `${CHOICE} What fails again becomes a new letter that names the old one in replay_of.`,
      run: (invocation, letter) => {
        const chosen = checkArguments(chosenSchema, { letter }, invocation.options);
        return doToAll(invocation, 'dlq.replay', chosen, replayOne);
      },
    }),
  );
  choice(
    registerVerb(command, surroundings, {
      usage: 'resolve [letter]',
      summary: 'take letters off the list for good; the audit keeps why',
      example: 'odo dlq resolve 3/1769846400000-0 --reason "test device, firmware 0.1"',
      notes: CHOICE,
      run: (invocation, letter) => {
        const { reason, ...chosen } = checkArguments(resolveSchema, { letter }, invocation.options);
        return doToAll(invocation, 'dlq.resolve', chosen, (streams, one) => resolveOne(streams, one, reason));
      },
    }),
  ).requiredOption('--reason <text>', 'why it is not worth keeping');
}

async function list(invocation: Invocation): Promise<void> {
  const { limit, full, ...filter } = checkArguments(listSchema, {}, invocation.options);
  const letters = await invocation.withStreams((streams) => newestLetters(streams, filter, limit));
  invocation.answerRows(
    columns,
    letters.map((letter) => rowOf(letter, full)),
  );
}

async function show(invocation: Invocation, named: string | undefined): Promise<void> {
  const { letter, full } = checkArguments(showSchema, { letter: named }, invocation.options);
  const found = await invocation.withStreams((streams) => findLetter(streams, letter));
  const { fields, records, added_at: parkedAt } = entryView(found.entry, full);
  const times = Object.fromEntries(
    ['first_failed_at', 'failed_at', 'received_at'].map((name) => [name, isoOf(fields[name])]),
  );
  const decoded = decodedFrame(found.entry);
  invocation.answerFields({
    ...{ letter: letterName(found), parked_at: parkedAt, ...fields, ...times, records },
    ...(decoded === undefined ? {} : { decoded }),
  });
}

async function doToAll(
  invocation: Invocation,
  action: string,
  chosen: ChosenLetters,
  work: (streams: Streams, letter: Letter) => Promise<object>,
): Promise<void> {
  const done: object[] = [];
  await invocation.withStreams(async (streams) => {
    for await (const letters of chosenLetters(streams, chosen)) {
      const subjects = letters.map((letter) => ({
        subject: `${action.split('.')[0]}:${letterName(letter)}`,
        before: auditedOf(letter),
      }));
      const names = letters.map((letter) => ({ letter: letterName(letter) }));
      const results = chosen.dry_run
        ? names.map(() => ({ kind: 'chosen' }))
        : await invocation.act(action, subjects, () =>
            Promise.all(letters.map((letter) => outcomeOf(work(streams, letter)))),
          );
      done.push(...results.map((result, index) => ({ ...names[index], ...result })));
    }
  });
  const hasFailed = done.some((one) => 'kind' in one && one.kind === 'failed');
  const rest = chosen.dry_run ? ' (dry run: nothing was done)' : '';
  invocation.answer({ letters: done, dry_run: chosen.dry_run }, () => `${countKinds(done)}${rest}\n`);
  if (hasFailed) invocation.failQuietly();
}

/** A letter that fails takes no other with it, and the audit says of each what became of it. */
async function outcomeOf(work: Promise<object>): Promise<object> {
  try {
    return await work;
  } catch (error) {
    return { kind: 'failed', error: describeError(error) };
  }
}

function countKinds(done: readonly object[]): string {
  const counts = new Map<string, number>();
  for (const one of done) {
    const kind = 'kind' in one && typeof one.kind === 'string' ? one.kind : 'done';
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const words = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return words === '' ? 'no letter' : words;
}

function rowOf(letter: Letter, full: boolean): LetterRow {
  const of = (name: string): string | null => text(letter.entry, name) ?? null;
  const imei = of('imei');
  const attempts = of('attempts');
  return {
    letter: letterName(letter),
    failed_at: isoOf(of('failed_at') ?? undefined),
    error_code: of('error_code'),
    imei: imei === null || full ? imei : maskImei(imei),
    attempts: attempts === null ? null : Number(attempts),
    source: of('source_stream'),
    error_message: of('error_message'),
  };
}

/** What the audit keeps of a letter: enough to find its frame in the device's own history. */
function auditedOf({ entry }: Letter): Record<string, string | undefined> {
  const names = ['imei', 'error_code', 'source_stream', 'source_id', 'received_at', 'failed_at', 'replay_of'];
  return Object.fromEntries(names.map((name) => [name, text(entry, name)]));
}

function isoOf(ms: string | undefined): string | null {
  return ms !== undefined && /^\d{1,15}$/.test(ms) ? new Date(Number(ms)).toISOString() : null;
}
