import {
  COMMAND_RECORD_GROUP,
  COMMAND_RESPONSES,
  FLEET_EVENTS,
  GATEWAY_CLIENT_EVENTS,
  MAIL_DELIVERY_COMMANDS,
  NOTIFICATION_GROUP,
  NOTIFICATION_INTENTS,
  PROCESSOR_GROUP,
  TELEMETRY_LIVE,
  telemetryDeadLetterStream,
  telemetryStream,
} from '@app/common/contracts';

/** A stream of the contracts with the groups of our own that read it. */
export interface WatchedStream {
  readonly stream: string;
  readonly groups: readonly string[];
}

/**
 * Every stream that an app writes or reads.
 *
 * @param delivery what the streams to the gateway and to the mail service are called in this deployment.
 */
export function watchedStreams(
  telemetryShards: number,
  delivery: readonly string[] = [GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS],
): readonly WatchedStream[] {
  const shards = Array.from({ length: telemetryShards }, (_, shard) => shard);
  return [
    ...shards.map((shard) => ({ stream: telemetryStream(shard), groups: [PROCESSOR_GROUP] })),
    { stream: NOTIFICATION_INTENTS, groups: [NOTIFICATION_GROUP] },
    { stream: COMMAND_RESPONSES, groups: [COMMAND_RECORD_GROUP] },
    ...shards.map((shard) => ({ stream: telemetryDeadLetterStream(shard), groups: [] })),
    ...[TELEMETRY_LIVE, FLEET_EVENTS, ...delivery].map((stream) => ({
      stream,
      groups: [],
    })),
  ];
}
