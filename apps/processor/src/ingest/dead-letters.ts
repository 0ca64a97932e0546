import { PROCESSOR_GROUP } from '@app/common/contracts';
import { databaseErrorOf } from '@app/common/database';
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
  /** It may have been here before, so that letters of it may be kept already. */
  readonly isRepeat: boolean;
}

/** An entry, or one record of it, that cannot pass, and why. */
export interface Rejection {
  readonly read: ReadEntry;
  /** Of the record in its frame; undefined for the whole entry. */
  readonly recordIndex?: number;
  readonly code: ErrorCode;
  readonly message: string;
}

export function rejection(read: ReadEntry, error: unknown, recordIndex?: number): Rejection {
  const which = { read, ...(recordIndex === undefined ? {} : { recordIndex }) };
  if (error instanceof OdographError && error.code !== 'OUTBOX_MESSAGE_INVALID') {
    return { ...which, code: error.code, message: error.message };
  }
  const { code, constraint, column } = databaseErrorOf(error) ?? {};
  const where = [
    ...(code === undefined ? [] : [`SQLSTATE ${code}`]),
    ...(constraint === undefined ? [] : [`constraint ${constraint}`]),
    ...(column === undefined ? [] : [`column ${column}`]),
  ].join(', ');
  const message = where === '' ? describeError(error) : `${describeError(error)} (${where})`;
  return { ...which, code: 'RECORD_REJECTED', message };
}

/** What is done with a shard's part of a batch, in one step. */
export interface Outcome {
  readonly shard: OwnedShard;
  readonly rejections: readonly Rejection[];
  /** Entries of which nothing is left to do but what the rejections say. */
  readonly settled: readonly string[];
  readonly note: string | undefined;
  readonly firstFailedAtMs: number;
}

/**
 * Keeps what was rejected where an operator finds it, and takes the entries off the shard's pending list with it: in
 * between, a record could pass after all and be stored beside its letter.
 */
export function park(streams: OwnedStreams, outcome: Outcome): Promise<'parked' | 'stale'> {
  const { shard, rejections, settled, note, firstFailedAtMs } = outcome;
  fault('ingest.before-dead-letter');
  return streams.deadLetter({
    stream: shard.stream,
    deadLetterStream: shard.deadLetterStream,
    group: PROCESSOR_GROUP,
    epoch: shard.lease.epoch,
    letters: rejections.map((one) => letterOf(one, firstFailedAtMs)),
    settled,
    ...(note === undefined ? {} : { note }),
  });
}

function letterOf({ read, recordIndex, code, message }: Rejection, firstFailedAtMs: number): DeadLetter {
  const { shard, source, deliveries } = read;
  const failedAtMs = Date.now();
  const record = recordIndex === undefined ? undefined : String(recordIndex);
  return {
    id: source.id,
    ...(record === undefined ? {} : { record }),
    fields: {
      ...rawFields(source),
      source_stream: shard.stream,
      source_id: source.id,
      ...(record === undefined ? {} : { record_index: record }),
      error_code: code,
      error_message: message,
      attempts: String(deliveries),
      first_failed_at: String(Math.min(firstFailedAtMs, failedAtMs)),
      failed_at: String(failedAtMs),
      app_version: APP_VERSION,
    },
  };
}
