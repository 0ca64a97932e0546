import { OUTBOX_TOPICS, type OutboxTopic } from '@app/common/contracts';
import { type QuerySource, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Change, DEFAULT_TENANT } from '../cli';
import { type PeekFilter } from './outbox.schema';
import findPause from './sql/find-pause.sql';
import listWaiting from './sql/list-waiting.sql';
import pauseTopicSql from './sql/pause-topic.sql';
import resumeTopicSql from './sql/resume-topic.sql';
import topicStatsSql from './sql/topic-stats.sql';
import wakeRelaySql from './sql/wake-relay.sql';

const STATEMENTS = {
  findPause: statement('outbox_find_pause', findPause),
  pause: statement('outbox_pause_topic', pauseTopicSql),
  resume: statement('outbox_resume_topic', resumeTopicSql),
  stats: statement('outbox_topic_stats', topicStatsSql),
  waiting: statement('outbox_list_waiting', listWaiting),
  wake: statement('outbox_wake_relay', wakeRelaySql),
};

export interface TopicStats {
  readonly topic: string;
  readonly paused: boolean;
  /** Messages that the log lane has not published. */
  readonly waiting: number;
  readonly oldest_waiting_ms: number | null;
  readonly parked: number;
  readonly parked_keys: number;
  readonly dead: number;
  readonly timers: number;
  readonly replays: number;
  readonly leased: number;
  /** Since when the longest waiting row of the retry lane could have gone out. */
  readonly oldest_due_ms: number | null;
}

export interface WaitingRow {
  readonly lane: 'log' | 'retry';
  readonly row_id: string | null;
  readonly event_id: string;
  readonly topic: string;
  readonly key: string;
  readonly kind: string;
  readonly state: string;
  readonly created_at: Date;
  readonly next_attempt_at: Date | null;
  readonly attempts: number;
  readonly deliveries: number;
  readonly last_error: string | null;
}

export interface PauseRow {
  readonly topic: string;
  readonly paused_by: string;
  readonly reason: string;
  readonly paused_at: Date;
}

export function topicStats(source: QuerySource): Promise<readonly TopicStats[]> {
  return source.query<TopicStats>(STATEMENTS.stats, [OUTBOX_TOPICS]);
}

/** What waits in either lane, oldest first; takes no lease and disturbs nobody. */
export function waitingRows(
  source: QuerySource,
  { topic, key, kind, limit }: PeekFilter,
): Promise<readonly WaitingRow[]> {
  return source.query<WaitingRow>(STATEMENTS.waiting, [topic ?? null, key ?? null, kind ?? null, limit]);
}

export async function pauseTopic(
  transaction: Transaction,
  topic: OutboxTopic,
  pausedBy: string,
  reason: string,
): Promise<Change<PauseRow>> {
  const [added] = await transaction.query<PauseRow>(STATEMENTS.pause, [topic, pausedBy, reason]);
  if (added !== undefined) return pauseChange('added', topic, null, added);
  const [held] = await transaction.query<PauseRow>(STATEMENTS.findPause, [topic]);
  return pauseChange('unchanged', topic, held ?? null, held ?? null);
}

/** @throws OdographError NOT_FOUND where the topic is not paused. */
export async function resumeTopic(transaction: Transaction, topic: OutboxTopic): Promise<Change<PauseRow>> {
  const [removed] = await transaction.query<PauseRow>(STATEMENTS.resume, [topic]);
  if (removed === undefined) throw new OdographError('NOT_FOUND', { detail: `${topic} is not paused` });
  await wakeRelay(transaction);
  return pauseChange('removed', topic, removed, null);
}

/** What an operator has let go is published now and not at the next poll. */
export async function wakeRelay(transaction: Transaction): Promise<void> {
  await transaction.query(STATEMENTS.wake);
}

function pauseChange(
  outcome: Change<PauseRow>['outcome'],
  topic: string,
  before: PauseRow | null,
  after: PauseRow | null,
): Change<PauseRow> {
  return { outcome, tenantId: DEFAULT_TENANT, subject: `outbox-topic:${topic}`, before, after };
}
