import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { FrequentHistogram } from './frequent-histogram';

/**
 * The metric catalog: every metric of every app, with its labels and their meaning. Features bind these, they do not
 * invent any. An IMEI is never a label: a fleet would become that many time series.
 */

/** Seconds; from a fast local hop to a stalled one. */
const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface MetricSpec {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

export const METRIC_CATALOG = {
  edge_sessions: { kind: 'gauge', help: 'Open device sessions.', labels: ['transport'] },
  edge_logins_total: {
    kind: 'counter',
    help: 'Logins by result: accepted, rejected, quarantined, invalid, not_ready, limited.',
    labels: ['result'],
  },
  edge_frames_total: {
    kind: 'counter',
    help: 'Frames by result: acked, parked, crc_mismatch, command, refused, unanswered (kept, but the device was gone).',
    labels: ['result'],
  },
  edge_records_total: { kind: 'counter', help: 'Records in frames that were acked.', labels: [] },
  edge_bytes_total: { kind: 'counter', help: 'Bytes received from devices.', labels: [] },
  edge_refusals_total: {
    kind: 'counter',
    help: 'Input that ended a session, by error code.',
    labels: ['code'],
  },
  edge_datagrams_dropped_total: {
    kind: 'counter',
    help: 'UDP channel packets without an answer, by reason: malformed, busy, unknown, disabled, not-ready, store-down.',
    labels: ['reason'],
  },
  edge_identity_conflicts_total: {
    kind: 'counter',
    help: 'IMEIs that two devices took from each other, once in ten minutes for each.',
    labels: [],
  },
  edge_ack_seconds: {
    kind: 'histogram',
    help: "From a frame's last byte to its ack, which follows the durable append.",
    labels: [],
  },
  command_outcomes_total: {
    kind: 'counter',
    help: 'Reports on commands to devices: sent, answered, nacked, expired, unknown, failed; and unsolicited messages.',
    labels: ['outcome'],
  },
  command_rejected_messages_total: {
    kind: 'counter',
    help: 'Codec 12 to 15 messages that were dropped: foreign_imei (it names another device), undecodable.',
    labels: ['reason'],
  },
  command_unpublished_total: {
    kind: 'counter',
    help: 'Reports on commands that Redis did not take in time; such a command ends as unknown.',
    labels: [],
  },
  command_answer_seconds: {
    kind: 'histogram',
    help: "From a command's frame to the device's answer.",
    labels: [],
  },
  command_connections: {
    kind: 'gauge',
    help: 'Devices whose newest connection is with this process, as far as it knows.',
    labels: [],
  },
  command_connections_lost_total: {
    kind: 'counter',
    help: 'Sessions that ended because another instance has a newer one of their device.',
    labels: [],
  },
  ingest_entries_total: {
    kind: 'counter',
    help: 'Stream entries read, by result: stored, parked, redelivered.',
    labels: ['result'],
  },
  ingest_records_total: {
    kind: 'counter',
    help: 'Records decoded, by result: new, repeated.',
    labels: ['result'],
  },
  ingest_shards_owned: { kind: 'gauge', help: 'Telemetry shards that this process owns.', labels: [] },
  ingest_lost_entries_total: {
    kind: 'counter',
    help: 'Pending entries that were gone from their stream: lost data.',
    labels: [],
  },
  ingest_batch_records: {
    kind: 'gauge',
    help: 'Records that a transaction of a lane may take in right now; it follows backlog and speed.',
    labels: ['lane'],
  },
  ingest_breaker_state: {
    kind: 'gauge',
    help: 'State of the breaker before the database: 0 closed, 1 open (nothing is read), 2 half-open (one probes).',
    labels: [],
  },
  ingest_restores_total: {
    kind: 'counter',
    help: 'Shards whose database or redis was found at an earlier place than before: restored, promoted or truncated.',
    labels: ['store'],
  },
  ingest_streams_unread_trimmed: {
    kind: 'gauge',
    help: 'Owned streams that lost entries before they were read: lost data.',
    labels: [],
  },
  ingest_unknown_groups: {
    kind: 'gauge',
    help: 'Groups on owned streams that nobody registered; they hold nothing back.',
    labels: [],
  },
  ingest_default_partition_records: {
    kind: 'gauge',
    help: 'Records in the DEFAULT partition whose day should have a table: the upkeep is behind.',
    labels: [],
  },
  edge_lost_devices_total: {
    kind: 'counter',
    help: 'Devices whose acknowledged entries Redis has lost.',
    labels: [],
  },
  sink_transaction_seconds: {
    kind: 'histogram',
    help: 'One sink transaction from BEGIN to COMMIT.',
    labels: ['result'],
  },
  sink_record_age_seconds: {
    kind: 'histogram',
    help: "From a frame's arrival at the edge to the commit of its rows.",
    labels: [],
  },
  sink_live_failures_total: {
    kind: 'counter',
    help: 'Batches that telemetry:live was not told of; their rows are stored.',
    labels: [],
  },
  sink_device_states_total: {
    kind: 'counter',
    help: 'Device states needed for new fixes: hit or miss in memory, or stale and read again.',
    labels: ['result'],
  },
  sink_cached_device_states: {
    kind: 'gauge',
    help: 'Device states kept in memory.',
    labels: [],
  },
  domain_resettling_devices: {
    kind: 'gauge',
    help: "Devices of this process's shards whose history is being folded again in slices.",
    labels: [],
  },
  domain_resettling_slices_total: {
    kind: 'counter',
    help: 'Slices of histories that were folded again beside the fresh records.',
    labels: [],
  },
  domain_events_total: {
    kind: 'counter',
    help: 'Events raised, by kind and whether they were historical or retracted.',
    labels: ['kind', 'result'],
  },
  domain_resettled_devices_total: {
    kind: 'counter',
    help: 'Devices whose rules were run again because a record came late.',
    labels: [],
  },
  relay_parts_owned: { kind: 'gauge', help: 'Outbox parts that this process owns.', labels: [] },
  relay_published_total: {
    kind: 'counter',
    help: 'Messages handed to their stream, by topic and result: added, skipped.',
    labels: ['topic', 'result'],
  },
  relay_refusals_total: {
    kind: 'counter',
    help: 'Steps of a part that failed and stalled it, by reason: cursor_ahead, failed.',
    labels: ['reason'],
  },
  relay_rewinds_total: {
    kind: 'counter',
    help: 'Cursors moved back because Redis had lost what it had acknowledged.',
    labels: [],
  },
  relay_parked_total: {
    kind: 'counter',
    help: 'Messages moved to the retry lane, by topic and reason: refused, invalid, behind (one in front of it of its key waits).',
    labels: ['topic', 'reason'],
  },
  relay_retried_total: {
    kind: 'counter',
    help: 'Rows of the retry lane by topic and result: published, refused.',
    labels: ['topic', 'result'],
  },
  relay_retry_lease_lost_total: {
    kind: 'counter',
    help: 'Rows of the retry lane that somebody else had taken before their result was written.',
    labels: [],
  },
  relay_dead_letters_total: {
    kind: 'counter',
    help: 'Messages given up, by reason: max_deliveries, retry_terminal, rejected.',
    labels: ['reason'],
  },
  relay_backlog_messages: {
    kind: 'gauge',
    help: 'Messages behind the cursors of the parts owned, counted to 10,000 a part.',
    labels: [],
  },
  relay_oldest_claimable_seconds: {
    kind: 'gauge',
    help: 'How long the oldest that could go out has waited, by lane: log, retry. What waits for its time or an operator is not in it.',
    labels: ['lane'],
  },
  relay_oldest_kept_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest message in the outbox. Two hours above OUTBOX_KEEP: its slots are not reclaimed.',
    labels: [],
  },
  relay_parked_keys: {
    kind: 'gauge',
    help: 'Keys whose messages wait behind one that could not go out, or was given up.',
    labels: [],
  },
  relay_retry_depth: {
    kind: 'gauge',
    help: 'Rows of the retry lane by kind (parked, timer, replay) and state (open, dead).',
    labels: ['kind', 'state'],
  },
  relay_xmin_age_seconds: {
    kind: 'gauge',
    help: 'How long the oldest open transaction that writes is open: nothing behind it is published. /health names it.',
    labels: [],
  },
  relay_breaker_state: {
    kind: 'gauge',
    help: 'Whether Redis is called: 0 closed (yes), 1 half open (one part probes), 2 open (no).',
    labels: [],
  },
  relay_held_topics: {
    kind: 'gauge',
    help: '1 for each topic that nothing is published to, by reason: paused, stream_length, redis_memory.',
    labels: ['topic', 'reason'],
  },
  relay_lag_seconds: {
    kind: 'histogram',
    help: "From the commit's transaction start to the entry in its stream.",
    labels: ['topic'],
  },
  relay_upkeep_total: {
    kind: 'counter',
    help: 'Upkeep runs by task (partitions, ledger, outbox, retry, dead_letters, streams) and result: done, failed.',
    labels: ['task', 'result'],
  },
  relay_rotation_blocked_slots: {
    kind: 'gauge',
    help: 'Hour slots of the outbox that are old enough to be emptied and are not, by reason: unread, unclosed, in_use.',
    labels: ['reason'],
  },
  relay_ledger_open_hours: {
    kind: 'gauge',
    help: 'Past hours that the event ledger has not closed, by reason: unread, uneven (a message is parked, lost or doubled).',
    labels: ['reason'],
  },
  notification_intents_total: {
    kind: 'counter',
    help: 'Intents by result: accepted, duplicate, malformed.',
    labels: ['result'],
  },
  notification_routes_total: {
    kind: 'counter',
    help: 'Routes by channel and the state that they reached.',
    labels: ['channel', 'state'],
  },
  notification_publish_seconds: {
    kind: 'histogram',
    help: "From the acceptance of an intent to its route's stream entry.",
    labels: ['channel'],
  },
  notification_intent_stream_oldest_unprocessed_age_ms: {
    kind: 'gauge',
    help: 'Age of the oldest intent that is not accepted yet.',
    labels: [],
  },
  notification_route_schedule_depth: { kind: 'gauge', help: 'Routes that wait for publishing.', labels: [] },
  notification_route_schedule_oldest_age_ms: {
    kind: 'gauge',
    help: 'Age of the oldest due route.',
    labels: [],
  },
  notification_route_dead_letters: {
    kind: 'counter',
    help: 'Routes that exhausted their attempts.',
    labels: ['channel'],
  },
  stream_length: { kind: 'gauge', help: 'Entries in a stream.', labels: ['stream'] },
  stream_group_lag: {
    kind: 'gauge',
    help: 'Entries that a group has not read; absent where Redis does not know.',
    labels: ['stream', 'group'],
  },
  stream_group_lag_unknown: {
    kind: 'gauge',
    help: '1 where Redis cannot tell the lag of a group.',
    labels: ['stream', 'group'],
  },
  stream_group_pending: {
    kind: 'gauge',
    help: 'Entries read and not acknowledged.',
    labels: ['stream', 'group'],
  },
  outbox_backlog_parts: {
    kind: 'gauge',
    help: 'Outbox parts with messages behind their cursor.',
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRIC_CATALOG;

export function isMetricName(text: string): text is MetricName {
  return text in METRIC_CATALOG;
}

type NamesOf<Kind extends MetricSpec['kind']> = {
  [Name in MetricName]: (typeof METRIC_CATALOG)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
type LabelsOf<Name extends MetricName> = (typeof METRIC_CATALOG)[Name]['labels'][number];

/** Metric names carry the product's prefix on the wire, but for those that existing dashboards know as they are. */
export const exposedName = (name: MetricName): string =>
  name.startsWith('notification_') ? name : `odograph_${name}`;

/** Binds metrics of the catalog to a registry; binding one twice gives the same metric. */
export class Metrics {
  constructor(private readonly registry: Registry) {}

  /** @param beforeRead for counts that are kept aside because they come too often: adds them before a scrape. */
  counter<Name extends NamesOf<'counter'>>(name: Name, beforeRead?: () => void): Counter<LabelsOf<Name>> {
    const { help, labels } = METRIC_CATALOG[name];
    return (
      this.existing(name, Counter<LabelsOf<Name>>) ??
      new Counter<LabelsOf<Name>>({
        name: exposedName(name),
        help,
        labelNames: [...labels],
        registers: [this.registry],
        ...(beforeRead === undefined ? {} : { collect: beforeRead }),
      })
    );
  }

  gauge<Name extends NamesOf<'gauge'>>(name: Name): Gauge<LabelsOf<Name>> {
    const { help, labels } = METRIC_CATALOG[name];
    return (
      this.existing(name, Gauge<LabelsOf<Name>>) ??
      new Gauge<LabelsOf<Name>>({
        name: exposedName(name),
        help,
        labelNames: [...labels],
        registers: [this.registry],
      })
    );
  }

  histogram<Name extends NamesOf<'histogram'>>(name: Name): Histogram<LabelsOf<Name>> {
    const { help, labels } = METRIC_CATALOG[name];
    return (
      this.existing(name, Histogram<LabelsOf<Name>>) ??
      new Histogram<LabelsOf<Name>>({
        name: exposedName(name),
        help,
        labelNames: [...labels],
        buckets: LATENCY_BUCKETS_S,
        registers: [this.registry],
      })
    );
  }

  /** For values that come tens of thousands of times a second. */
  frequentHistogram(name: NamesOf<'histogram'>): FrequentHistogram {
    const known = this.existing(name, FrequentHistogram);
    if (known !== undefined) return known;
    const { help } = METRIC_CATALOG[name];
    const made = new FrequentHistogram({ name: exposedName(name), help }, LATENCY_BUCKETS_S);
    this.registry.registerMetric(made);
    return made;
  }

  private existing<Metric extends object>(
    name: MetricName,
    type: new (...args: never[]) => Metric,
  ): Metric | undefined {
    const metric = this.registry.getSingleMetric(exposedName(name));
    return metric instanceof type ? metric : undefined;
  }
}
