import {
  COMMAND_RECORD_GROUP,
  COMMAND_RESPONSES,
  FLEET_EVENTS,
  GATEWAY_CLIENT_EVENTS,
  MAIL_DELIVERY_COMMANDS,
  MAIL_SENDER_GROUP,
  NOTIFICATION_GROUP,
  NOTIFICATION_INTENTS,
  PROCESSOR_GROUP,
  TELEMETRY_LIVE,
  telemetryDeadLetterStream,
  telemetryStream,
  WEB_PUSH_GROUP,
} from '@app/common/contracts';

/** A stream of the contracts with the groups of our own that read it. */
export interface WatchedStream {
  readonly stream: string;
  readonly groups: readonly string[];
  /** Those of features that may be off: none is missed where it is not there. */
  readonly optionalGroups?: readonly string[];
}

/**
 * Every stream that an app writes or reads.
 *
 * @param names what the streams to the gateway and to the mail service are called in this deployment, in this order.
 */
export function watchedStreams(
  telemetryShards: number,
  [gateway, mail]: readonly [gateway: string, mail: string] = [GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS],
): readonly WatchedStream[] {
  const shards = Array.from({ length: telemetryShards }, (_, shard) => shard);
  return [
    ...shards.map((shard) => ({ stream: telemetryStream(shard), groups: [PROCESSOR_GROUP] })),
    { stream: NOTIFICATION_INTENTS, groups: [NOTIFICATION_GROUP] },
    { stream: COMMAND_RESPONSES, groups: [COMMAND_RECORD_GROUP] },
    ...shards.map((shard) => ({ stream: telemetryDeadLetterStream(shard), groups: [] })),
    ...[TELEMETRY_LIVE, FLEET_EVENTS].map((stream) => ({ stream, groups: [] })),
    { stream: gateway, groups: [], optionalGroups: [WEB_PUSH_GROUP] },
    { stream: mail, groups: [], optionalGroups: [MAIL_SENDER_GROUP] },
  ];
}
