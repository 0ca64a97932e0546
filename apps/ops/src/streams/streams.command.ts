import { type Command } from 'commander';
import { OdographError } from '@app/common/errors';
import { type Streams } from '@app/common/streams';
import {
  ageText,
  checkArguments,
  redisOption,
  registerVerb,
  type Column,
  type Invocation,
  type Surroundings,
} from '../cli';
import { decodedFrame, entryView, fieldLine, type EntryView } from './entry-view';
import { shardCount, streamsNamed } from './names';
import { claimSchema, lagSchema, peekSchema, pendingSchema } from './streams.schema';
import {
  checkClaim,
  nextOf,
  pendingOf,
  shardOwners,
  streamLag,
  type LagRow,
  type NextEntry,
  type OwnerRow,
  type PendingRow,
} from './streams.service';

const ownerColumns: readonly Column<OwnerRow>[] = [
  { heading: 'SHARD', of: ({ shard }) => shard },
  { heading: 'OWNER', of: ({ owner }) => owner ?? 'nobody' },
  { heading: 'EPOCH', of: ({ epoch }) => epoch },
  { heading: 'EXPIRES', of: ({ expires_at: at }) => at },
  {
    heading: 'READ BY EPOCH',
    of: ({ epoch, stream_epoch: read }) => (read === epoch ? 'the same' : (read ?? 'none')),
  },
];
const lagColumns: readonly Column<LagRow>[] = [
  { heading: 'STREAM', of: ({ stream }) => stream },
  { heading: 'LENGTH', of: ({ length }) => length },
  { heading: 'GROUP', of: ({ group }) => group },
  { heading: 'LAG', of: ({ lag }) => lag },
  { heading: 'PENDING', of: ({ pending }) => pending },
  { heading: 'OLDEST', of: ({ oldest_age_ms: ms }) => ageText(ms) },
  { heading: 'LAST ID', of: ({ last_id: id }) => id },
  { heading: 'WARNING', of: ({ warning }) => warning },
];
const pendingColumns: readonly Column<PendingRow>[] = [
  { heading: 'STREAM', of: ({ stream }) => stream },
  { heading: 'GROUP', of: ({ group }) => group },
  { heading: 'CONSUMER', of: ({ consumer }) => consumer },
  { heading: 'ID', of: ({ id }) => id },
  { heading: 'IDLE', of: ({ idle_ms: ms }) => ageText(ms) },
  { heading: 'DELIVERIES', of: ({ deliveries }) => deliveries },
];
const entryColumns: readonly Column<EntryView>[] = [
  { heading: 'ID', of: ({ id }) => id },
  { heading: 'ADDED', of: ({ added_at: at }) => at },
  { heading: 'RECORDS', of: ({ records }) => records },
  { heading: 'FIELDS', of: fieldLine },
];

type NextRow = EntryView & { readonly held: NextEntry['held'] };
const nextColumns: readonly Column<NextRow>[] = [
  ...entryColumns.slice(0, 2),
  { heading: 'HELD BY', of: ({ held }) => held?.consumer ?? 'nobody yet' },
  { heading: 'IDLE', of: ({ held }) => ageText(held?.idle_ms ?? null) },
  { heading: 'DELIVERIES', of: ({ held }) => held?.deliveries ?? 0 },
  ...entryColumns.slice(2),
];

const STREAM_NOTES =
  'A stream is named as the contracts name it (braces may be left out), a telemetry shard by its number, all shards by\n' +
  'telemetry:teltonika or telemetry:teltonika:dlq.';

/** `odo streams owners|lag|pending|claim|peek`. */
export function registerStreams(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('streams')
    .description('who reads the streams, how far, and what is in them');
  redisOption(
    registerVerb(command, surroundings, {
      usage: 'owners',
      summary: 'list who owns each telemetry shard, by lease and by the epoch that has read its stream',
      example: 'odo streams owners',
      run: owners,
    }),
  );
  redisOption(
    registerVerb(command, surroundings, {
      usage: 'lag [stream]',
      summary: 'list what waits in each stream and for each group; a stream that is empty only with --all',
      example: 'odo streams lag telemetry:teltonika --all',
      notes: `${STREAM_NOTES}\nA lag that Redis cannot tell (an unread entry was deleted) is unknown, not 0.`,
      run: lag,
    }),
  ).option('--all', 'also streams and shards in which nothing is');
  redisOption(
    registerVerb(command, surroundings, {
      usage: 'pending [stream]',
      summary: 'list what was handed out and not acknowledged, oldest first',
      example: 'odo streams pending notification:intents --limit 50',
      notes: STREAM_NOTES,
      run: pending,
    }),
  ).option('--limit <n>', 'most entries of a stream (default: 20)');
  redisOption(
    registerVerb(command, surroundings, {
      usage: 'claim <stream>',
      summary: 'let go of what a dead consumer holds, so that the living ones take it at once',
      example: 'odo streams claim notification:intents --group notification --from host-b:9103',
      notes:
        'For groups whose consumers work side by side. The living claim what is idle on a cadence of their own; this spares\n' +
        'the wait. Deliveries do not rise. The owner of a telemetry shard claims by itself: there it is refused.',
      run: claim,
    }),
  )
    .requiredOption('--group <name>', 'consumer group')
    .requiredOption('--from <consumer>', 'consumer that is dead')
    .option('--idle <duration>', 'how long it must have been silent (default: 60s)')
    .option('--limit <n>', 'most entries (default: 1000)');
  redisOption(
    registerVerb(command, surroundings, {
      usage: 'peek <stream>',
      summary: 'show the newest entries of a stream, one, or what a group gets next; nothing is taken',
      example: 'odo streams peek notification:intents --group notification --next',
      notes:
        `${STREAM_NOTES}\nIMEIs are masked unless --full. What a group gets next: what is pending, oldest first, then what it\n` +
        'was not given yet.',
      run: peek,
    }),
  )
    .option('--id <id>', 'this entry, with its frame decoded')
    .option('--count <n>', 'how many of each stream (default: 10)')
    .option('--oldest', 'the oldest rather than the newest')
    .option('--next', 'what the group gets next')
    .option('--group <name>', 'consumer group, with --next')
    .option('--full', 'show IMEIs as they are');
}

async function owners(invocation: Invocation): Promise<void> {
  const rows = await invocation.read((database) =>
    invocation.withStreams(async (streams) => shardOwners(database, streams, await shardCount(streams))),
  );
  invocation.answerRows(ownerColumns, rows);
}

async function lag(invocation: Invocation, named: string | undefined): Promise<void> {
  const { stream, all } = checkArguments(lagSchema, { stream: named }, invocation.options);
  const rows = await invocation.withStreams(async (streams) => {
    const chosen = streamsNamed(stream, await shardCount(streams));
    return (await Promise.all(chosen.map((one) => streamLag(streams, one)))).flat();
  });
  const isIdle = ({ length, lag: unread, pending: held }: LagRow): boolean =>
    length === 0 && (unread ?? 0) === 0 && (held ?? 0) === 0;
  invocation.answerRows(
    lagColumns,
    rows.filter((row) => all || !isIdle(row)),
  );
}

async function pending(invocation: Invocation, named: string | undefined): Promise<void> {
  const { stream, limit } = checkArguments(pendingSchema, { stream: named }, invocation.options);
  const rows = await invocation.withStreams(async (streams) => {
    const chosen = streamsNamed(stream, await shardCount(streams));
    return (await Promise.all(chosen.map((one) => pendingOf(streams, one, limit)))).flat();
  });
  invocation.answerRows(pendingColumns, rows);
}

async function claim(invocation: Invocation, named: string | undefined): Promise<void> {
  const wish = checkArguments(claimSchema, { stream: named }, invocation.options);
  const ids = await invocation.withStreams(async (streams) => {
    const stream = await oneStream(streams, wish.stream);
    const { group, from, limit } = wish;
    await checkClaim(streams, { stream, group, from, idleMs: wish.idle });
    const held = await streams.listPending({ stream, group, consumer: from, count: limit });
    const before = { group, from, ids: held.map(({ id }) => id) };
    const [released] = await invocation.act('streams.claim', [{ subject: stream, before }], async () => {
      const request = { stream, group, from, minIdleMs: wish.idle, count: limit };
      return [{ released: await streams.releasePending(request) }];
    });
    return released?.released ?? [];
  });
  invocation.answer({ released: ids }, () =>
    ids.length === 0
      ? 'nothing to let go: the consumer holds nothing\n'
      : `${ids.length} entries let go, from ${ids[0]} to ${ids.at(-1)}: the next that claims has them\n`,
  );
}

async function peek(invocation: Invocation, named: string | undefined): Promise<void> {
  const { stream, id, count, oldest, full, group } = checkArguments(
    peekSchema,
    { stream: named },
    invocation.options,
  );
  if (group !== undefined) return peekNext(invocation, { stream, group, count, full });
  await invocation.withStreams(async (streams) => {
    const chosen = streamsNamed(stream, await shardCount(streams)).map((one) => one.stream);
    if (id !== undefined) return showOne(invocation, streams, { chosen, id, full });
    const looks = chosen.map((name) =>
      oldest ? streams.range(name, '-', '+', count) : streams.newest(name, count),
    );
    const entries = (await Promise.all(looks)).flat();
    invocation.answerRows(
      entryColumns,
      entries.map((entry) => entryView(entry, full)),
    );
  });
}

async function peekNext(
  invocation: Invocation,
  {
    full,
    ...wish
  }: { readonly stream: string; readonly group: string; readonly count: number; readonly full: boolean },
): Promise<void> {
  const next = await invocation.withStreams(async (streams) =>
    nextOf(streams, { ...wish, stream: await oneStream(streams, wish.stream) }),
  );
  invocation.answerRows(
    nextColumns,
    next.map(({ entry, held }) => ({ ...entryView(entry, full), held })),
  );
}

async function showOne(
  invocation: Invocation,
  streams: Streams,
  { chosen, id, full }: { readonly chosen: readonly string[]; readonly id: string; readonly full: boolean },
): Promise<void> {
  const found = await Promise.all(chosen.map((name) => streams.range(name, id, id, 1)));
  const [entry] = found.flat();
  if (entry === undefined) throw new OdographError('NOT_FOUND', { detail: `no entry ${id} there` });
  const { fields, ...view } = entryView(entry, full);
  const decoded = decodedFrame(entry);
  invocation.answerFields({ ...view, ...fields, ...(decoded === undefined ? {} : { decoded }) });
}

async function oneStream(streams: Streams, named: string): Promise<string> {
  const [first, ...others] = streamsNamed(named, await shardCount(streams));
  if (first !== undefined && others.length === 0) return first.stream;
  throw new OdographError('INPUT_INVALID', { detail: '<stream> names several streams' });
}
