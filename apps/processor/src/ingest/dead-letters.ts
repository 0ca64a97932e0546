import { PROCESSOR_GROUP } from '@app/common/contracts';
import { constraintOf, sqlStateOf } from '@app/common/database';
import { describeError, type ErrorCode, OdographError } from '@app/common/errors';
import { fault } from '@app/common/observability';
import { type DeadLetter, type OwnedStreams, rawFields, type StreamEntry } from '@app/common/streams';
import { APP_VERSION } from '../app-version';
import { type OwnedShard } from './shards';

/** An entry as it was read. */
export interface ReadEntry {
  readonly shard: OwnedShard;
  readonly source: StreamEntry;
  /** How often it was handed out, this time included. */
  readonly deliveries: number;
}

/** An entry that cannot pass, and why. */
export interface Rejection {
  readonly read: ReadEntry;
  readonly code: ErrorCode;
  readonly message: string;
}

export function rejection(read: ReadEntry, error: unknown): Rejection {
  if (error instanceof OdographError && error.code !== 'OUTBOX_MESSAGE_INVALID') {
    return { read, code: error.code, message: error.message };
  }
  const state = sqlStateOf(error);
  const constraint = constraintOf(error);
  const where = [
    ...(state === undefined ? [] : [`SQLSTATE ${state}`]),
    ...(constraint === undefined ? [] : [`constraint ${constraint}`]),
  ].join(', ');
  const message = where === '' ? describeError(error) : `${describeError(error)} (${where})`;
  return { read, code: 'RECORD_REJECTED', message };
}

/** Keeps the entries of a shard where an operator finds them, and takes them off the shard's pending list. */
export function park(
  streams: OwnedStreams,
  shard: OwnedShard,
  rejections: readonly Rejection[],
  firstFailedAtMs: number,
): Promise<'parked' | 'stale'> {
  fault('ingest.before-dead-letter');
  return streams.deadLetter({
    stream: shard.stream,
    deadLetterStream: shard.deadLetterStream,
    group: PROCESSOR_GROUP,
    epoch: shard.lease.epoch,
    letters: rejections.map((one) => letterOf(one, firstFailedAtMs)),
  });
}

function letterOf({ read, code, message }: Rejection, firstFailedAtMs: number): DeadLetter {
  const { shard, source, deliveries } = read;
  const failedAtMs = Date.now();
  return {
    id: source.id,
    fields: {
      ...rawFields(source),
      source_stream: shard.stream,
      source_id: source.id,
      error_code: code,
      error_message: message,
      attempts: String(deliveries),
      first_failed_at: String(Math.min(firstFailedAtMs, failedAtMs)),
      failed_at: String(failedAtMs),
      app_version: APP_VERSION,
    },
  };
}
