/**
 * The streams that the apps meet at: their names, versions and fields.
 *
 * A name is written here and nowhere else: a producer and a consumer that spell it apart run for hours without an
 * error and without a message. Braces are literal hash tags: all that one script touches shares the slot.
 */

/** Default number of telemetry shards; only `odo shards reshard` changes that of a deployment, to keep order per device. */
export const DEFAULT_TELEMETRY_SHARDS = 16;
export const MAX_TELEMETRY_SHARDS = 1024;

const TELEMETRY = 'telemetry:teltonika';

/** Raw frames of one shard, from the edge to the shard's owner. */
export const telemetryStream = (shard: number): string => `${TELEMETRY}:{${shard}}`;

/** What could not pass, of one shard; in the slot of its telemetry stream so that one script can park and ack. */
export const telemetryDeadLetterStream = (shard: number): string => `${TELEMETRY}:dlq:{${shard}}`;

/** The fact of the deployment (DeploymentFacts, ops.deployment) that says how many telemetry shards there are. */
export const TELEMETRY_SHARDS_FACT = 'deployment:telemetry-shards';

/** The lease that a shard's owner holds. */
const SHARD_LEASE = 'shard:telemetry:';
export const shardLeaseName = (shard: number): string => `${SHARD_LEASE}${shard}`;
export const shardOfLease = (name: string): number => Number(name.slice(SHARD_LEASE.length));

/** What a dead letter says beside the original fields: left out where these go back into their stream. */
export const LETTER_FIELDS: readonly string[] = [
  ...['source_stream', 'source_id', 'record_index', 'error_code', 'error_message', 'attempts'],
  ...['first_failed_at', 'failed_at', 'app_version', 'constraint', 'column', 'sqlstate'],
];
/** Entries that an edge found Redis to have lost, by device: on their way into `ops.stream_loss`. */
export const TELEMETRY_LOSSES = 'telemetry:losses';

export const TELEMETRY_LIVE = 'telemetry:live';
export const FLEET_EVENTS = 'fleet:events';
export const NOTIFICATION_INTENTS = 'notification:intents';
export const GATEWAY_CLIENT_EVENTS = 'gateway:client-events';
export const MAIL_DELIVERY_COMMANDS = 'mail:delivery_commands';

/** The device registry as projected into Redis: imei -> JSON of {@link RegisteredDevice}. */
export const DEVICE_REGISTRY = 'registry:devices';
/** The registry's field that says the projection is whole; without it no login is answered. */
export const DEVICE_REGISTRY_COMPLETE = 'complete';

/** Consumer groups; a group starts at `0`, never at `$`, or what came before its first start is skipped. */
export const PROCESSOR_GROUP = 'processor';
export const NOTIFICATION_GROUP = 'notification';
/** Of gateway:client-events, for the feature that sends them by Web Push. */
export const WEB_PUSH_GROUP = 'web-push';

/**
 * A key that a script touches beside a stream, in the stream's own slot: `<stream>:<suffix>` where the stream has a
 * hash tag already, else the whole name becomes the tag.
 */
export function companionKey(stream: string, suffix: string): string {
  return stream.includes('{') ? `${stream}:${suffix}` : `{${stream}}:${suffix}`;
}

/** The contract version that writers put into `v`, and the versions that readers accept. */
export const CONTRACT_VERSION = '1';
export const ACCEPTED_VERSIONS: ReadonlySet<string> = new Set(['1']);

/** Where the outbox may publish to: a closed list, so that a topic is a stream that somebody reads. */
export const OUTBOX_TOPICS = [FLEET_EVENTS, NOTIFICATION_INTENTS] as const;
export type OutboxTopic = (typeof OUTBOX_TOPICS)[number];
