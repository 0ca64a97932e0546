import { type MetricSpec } from './metric-spec';

/** Both lanes of the outbox, and the upkeep. */
export const RELAY_METRICS = {
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
} as const satisfies Record<string, MetricSpec>;
