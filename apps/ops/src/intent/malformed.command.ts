import { type Command } from 'commander';
import {
  checkArguments,
  formatFields,
  formatTable,
  redisOption,
  registerVerb,
  withMaskedImeis,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { fieldLine } from '../streams';
import { listSchema, showSchema } from './intent.schema';
import {
  findMalformed,
  listMalformed,
  neighboursOf,
  type MalformedIntent,
  type MalformedRow,
  type Neighbour,
} from './malformed.service';

const columns: readonly Column<MalformedRow>[] = [
  { heading: 'ID', of: ({ id }) => id },
  { heading: 'RECORDED', of: ({ recorded_at: at }) => at },
  { heading: 'ENTRY', of: ({ stream_entry_id: id }) => id },
  { heading: 'CODE', of: ({ code }) => code },
  { heading: 'TYPE', of: ({ notification_type: type }) => type },
  { heading: 'PRODUCER', of: ({ producer }) => producer },
  { heading: 'KEY', of: ({ idempotency_key: key }) => key },
  { heading: 'WHY', of: ({ message }) => message },
];
const neighbourColumns: readonly Column<Neighbour>[] = [
  { heading: '', of: ({ is_it: isIt }) => (isIt ? '>' : ' ') },
  { heading: 'ENTRY', of: ({ id }) => id },
  { heading: 'ADDED', of: ({ added_at: at }) => at },
  { heading: 'FATE', of: ({ fate }) => fate },
  { heading: 'NOTIFICATION', of: ({ notification_id: id }) => id },
  { heading: 'FIELDS', of: fieldLine },
];

/** `odo intent malformed list|show`: intents that were not accepted. */
export function registerMalformed(intent: Command, surroundings: Surroundings): void {
  const malformed = intent
    .command('malformed')
    .description('intents that were not accepted, with all they said');
  registerVerb(malformed, surroundings, {
    usage: 'list',
    summary: 'list the newest',
    example: 'odo intent malformed list --code payload_invalid',
    run: list,
  })
    .option('--code <code>', 'with this code only, such as payload_invalid or idempotency_conflict')
    .option('--producer <name>', 'of this producer only')
    .option('--type <type>', 'of this notification type only')
    .option('--since <moment>', 'recorded from then on')
    .option('--limit <n>', 'how many (default: 50)');
  redisOption(
    registerVerb(malformed, surroundings, {
      usage: 'show [id]',
      summary: 'show one, by its number or its entry; or what stands around an entry in the stream',
      example: 'odo intent malformed show 17 --around',
      notes:
        'IMEIs are masked unless --full. Accepted entries leave their stream after NOTIFICATION_INTENT_KEEP: what stood\n' +
        'around an older one is gone.',
      run: show,
    }),
  )
    .option('--around [stream id]', 'with the entries around this one; without a value around its own')
    .option('--before <n>', 'how many before it (default: 5)')
    .option('--after <n>', 'how many behind it (default: 5)')
    .option('--full', 'show IMEIs as they are');
}

async function list(invocation: Invocation): Promise<void> {
  const filter = checkArguments(listSchema, {}, invocation.options);
  const rows = await invocation.read((database) => listMalformed(database, filter));
  invocation.answerRows(
    columns,
    rows.map((row) => ({ ...row, idempotency_key: maskedKey(row.idempotency_key, false) })),
  );
}

async function show(invocation: Invocation, named: string | undefined): Promise<void> {
  const { id, around, before, after, full } = checkArguments(showSchema, { id: named }, invocation.options);
  await invocation.read(async (database) => {
    const found = id === undefined ? undefined : viewOf(await findMalformed(database, id), full);
    const centre = around === true ? found?.stream_entry_id : around;
    if (centre === undefined) {
      invocation.answerFields({ ...found });
      return;
    }
    const neighbours = await invocation.withStreams((streams) =>
      neighboursOf(database, streams, { id: centre, before, after, full }),
    );
    const isThere = neighbours.some(({ is_it: isIt }) => isIt);
    invocation.answer({ ...found, around: { id: centre, in_stream: isThere, entries: neighbours } }, () =>
      [
        ...(found === undefined ? [] : [formatFields(found), '\n']),
        ...(isThere ? [] : [`entry ${centre} is not in the stream (any more)\n`]),
        formatTable(neighbourColumns, neighbours),
      ].join(''),
    );
  });
}

type MalformedView = MalformedRow & { readonly raw_fields: Readonly<Record<string, unknown>> };

function viewOf(found: MalformedIntent, full: boolean): MalformedView {
  const masked = (value: unknown): unknown =>
    typeof value === 'string' && !full ? withMaskedImeis(value) : value;
  const fields = Object.entries(found.raw_fields).map(([name, value]) => [name, masked(value)] as const);
  const key = found.idempotency_key;
  return {
    ...found,
    idempotency_key: maskedKey(key, full),
    raw_fields: Object.fromEntries(fields),
  };
}

const maskedKey = (key: string | null, full: boolean): string | null =>
  full || key === null ? key : withMaskedImeis(key);
