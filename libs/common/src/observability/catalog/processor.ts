import { type MetricSpec } from './metric-spec';

/** Edge, commands, ingest, sink and domain. */
export const PROCESSOR_METRICS = {
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
} as const satisfies Record<string, MetricSpec>;
