import { type MetricSpec } from './metric-spec';

/** What ops sees from outside: streams and outbox. */
export const OVERVIEW_METRICS = {
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
