import {
  COMMAND_GROUP,
  DEFAULT_TELEMETRY_SHARDS,
  PROCESSOR_GROUP,
  telemetryDeadLetterStream,
  TELEMETRY_SHARDS_FACT,
  telemetryStream,
} from '@app/common/contracts';
import { type DeploymentFacts } from '@app/common/streams';
import { type WatchedStream, watchedStreams } from '../overview';

/** How many telemetry shards this deployment has; the default where none has been written down yet. */
export async function shardCount(facts: DeploymentFacts): Promise<number> {
  const { value } = await facts.deploymentFact(TELEMETRY_SHARDS_FACT);
  return value === undefined ? DEFAULT_TELEMETRY_SHARDS : Number(value);
}

/**
 * The streams that an operator names: all of the contracts where nothing is named; one by its name, with or without
 * braces; a telemetry shard by its number; all shards by the name without a shard.
 */
export function streamsNamed(named: string | undefined, shards: number): readonly WatchedStream[] {
  const watched = watchedStreams(shards);
  if (named === undefined) return watched;
  const bare = (name: string): string => name.replace(/[{}]/g, '');
  const wanted = /^\d+$/.test(named) ? bare(telemetryStream(Number(named))) : bare(named);
  const exact = watched.filter(({ stream }) => bare(stream) === wanted);
  if (exact.length > 0) return exact;
  const ofAllShards = [telemetryStream, telemetryDeadLetterStream].flatMap((nameOf) =>
    bare(nameOf(0)) === `${wanted}:0` ? Array.from({ length: shards }, (_, shard) => nameOf(shard)) : [],
  );
  if (ofAllShards.length > 0) return watched.filter(({ stream }) => ofAllShards.includes(stream));
  return [{ stream: named, groups: [] }];
}

/** Groups whose stream has one owner at a time, who takes over by itself what is pending. */
export const isOwnedGroup = (group: string): boolean => group === PROCESSOR_GROUP || group === COMMAND_GROUP;
