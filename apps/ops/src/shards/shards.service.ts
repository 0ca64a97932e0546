import {
  DEFAULT_TELEMETRY_SHARDS,
  PROCESSOR_GROUP,
  TELEMETRY_SHARDS_FACT,
  telemetryDeadLetterStream,
  telemetryStream,
} from '@app/common/contracts';
import { type QuerySource, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Streams } from '@app/common/streams';
import { type Change, DEFAULT_TENANT } from '../cli';
import { EVERY_SHARD, moveLetters } from './letters';
import holdShardsAlone from './sql/hold-shards-alone.sql';
import liveMembers from './sql/live-members.sql';
import recordedShards from './sql/recorded-shards.sql';
import writeShards from './sql/write-shards.sql';

const HOLD = statement('shards_hold_alone', holdShardsAlone);
const RECORDED = statement('shards_recorded', recordedShards);
const WRITE = statement('shards_write', writeShards);
const MEMBERS = statement('shards_live_members', liveMembers);

export interface ShardFacts {
  /** As the database has it; null before the first ingest. */
  readonly recorded: number | null;
  /** As the edges are told; null in an empty Redis. */
  readonly told_to_edges: number | null;
  readonly live_ingests: readonly string[];
  readonly live_edges: readonly string[];
}

export interface Resharded {
  readonly shards: number;
  readonly moved_letters: number;
  readonly removed_streams: readonly string[];
}

const NAMED = 3;

export async function shardFacts(source: QuerySource, streams: Streams): Promise<ShardFacts> {
  const [row] = await source.query<{ value: string }>(RECORDED, [TELEMETRY_SHARDS_FACT]);
  const members = await source.query<{ owner: string }>(MEMBERS);
  const { value, members: edges } = await streams.deploymentFact(TELEMETRY_SHARDS_FACT);
  return {
    recorded: row === undefined ? null : Number(row.value),
    told_to_edges: value === undefined ? null : Number(value),
    live_ingests: members.map(({ owner }) => owner),
    live_edges: edges,
  };
}

/** @throws OdographError STILL_IN_USE naming what lives or what is not drained. */
export async function checkReshard(source: QuerySource, streams: Streams): Promise<ShardFacts> {
  const facts = await shardFacts(source, streams);
  refuseLive('ingest', facts.live_ingests);
  refuseLive('edge', facts.live_edges);
  await checkDrained(streams);
  return facts;
}

/**
 * Changes the number of telemetry shards of a deployment that stands still: edges are kept out first, then it is made
 * sure that nothing is left to read, then letters move to the shards of their devices. Cut off anywhere, the same call
 * goes on.
 *
 * @throws OdographError STILL_IN_USE
 */
export async function reshard(
  transaction: Transaction,
  streams: Streams,
  to: number,
): Promise<Change<object>> {
  await transaction.query(HOLD);
  const facts = await checkReshard(transaction, streams);
  // From here on no edge of another number starts; one that came and went since the look may have left something.
  refuseLive('edge', await streams.switchDeployment(TELEMETRY_SHARDS_FACT, String(to)));
  try {
    await checkDrained(streams);
    const moved = await moveLetters(streams, to);
    const removed = await removeShardsFrom(streams, to);
    await transaction.query(WRITE, [TELEMETRY_SHARDS_FACT, String(to)]);
    const after: Resharded = { shards: to, moved_letters: moved, removed_streams: removed };
    const isSame = facts.recorded === to && facts.told_to_edges === to && moved + removed.length === 0;
    return {
      outcome: isSame ? 'unchanged' : 'updated',
      ...{ tenantId: DEFAULT_TENANT, subject: 'telemetry-shards', before: facts, after },
    };
  } catch (error) {
    const before = facts.told_to_edges ?? facts.recorded ?? DEFAULT_TELEMETRY_SHARDS;
    await streams.switchDeployment(TELEMETRY_SHARDS_FACT, String(before));
    throw error;
  }
}

function refuseLive(kind: string, owners: readonly string[]): void {
  if (owners.length === 0) return;
  const more = owners.length > NAMED ? ` and ${owners.length - NAMED} more` : '';
  throw new OdographError('STILL_IN_USE', {
    detail: `${kind} ${owners.slice(0, NAMED).join(', ')}${more} lives`,
  });
}

/** @throws OdographError STILL_IN_USE where a telemetry entry was not stored yet. */
async function checkDrained(streams: Streams): Promise<void> {
  const waiting = await Promise.all(
    EVERY_SHARD.map(async (shard) => {
      const stream = telemetryStream(shard);
      const info = await streams.info(stream, [PROCESSOR_GROUP]);
      if (info === undefined || info.length === 0) return [];
      const group = info.groups.find(({ known }) => known);
      if (group === undefined) return [`${stream} (${info.length} never read)`];
      if (group.pending > 0) return [`${stream} (${group.pending} pending)`];
      return group.oldestUnreadMs === null ? [] : [`${stream} (not read to its end)`];
    }),
  );
  const streamsLeft = waiting.flat();
  if (streamsLeft.length === 0) return;
  const more = streamsLeft.length > NAMED ? ` and ${streamsLeft.length - NAMED} more` : '';
  throw new OdographError('STILL_IN_USE', {
    detail: `not drained: ${streamsLeft.slice(0, NAMED).join(', ')}${more}; let one ingest run without edges first`,
  });
}

/** What was stored lies in its stream for the rewind window; of a shard that is no more nobody would trim it. */
async function removeShardsFrom(streams: Streams, shards: number): Promise<string[]> {
  const removed: string[] = [];
  for (const shard of EVERY_SHARD.slice(shards)) {
    for (const stream of [telemetryStream(shard), telemetryDeadLetterStream(shard)]) {
      const exists = (await streams.info(stream, [])) !== undefined;
      if (exists && (await streams.removeDrained(stream))) removed.push(stream);
    }
  }
  return removed;
}
