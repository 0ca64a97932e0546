import { ReplyError } from 'ioredis';
import { describeError, OdographError } from '../../errors';
import { errorWord, isNotServing } from '../server-refusals';

export function isReplyError(error: unknown, word: string): error is Error {
  return isReply(error) && errorWord(error.message) === word;
}

function isReply(error: unknown): error is Error {
  return error instanceof Error && error instanceof ReplyError;
}

/**
 * STREAM_REFUSED for what the server answered, REDIS_UNREACHABLE for everything that left the outcome unknown.
 *
 * @param connectionError what the connection said last; the client's own errors only say that it is gone.
 */
export function streamError(error: unknown, connectionError?: unknown): OdographError {
  if (error instanceof OdographError) return error;
  if (!isReply(error)) return unreachable(error, connectionError);
  if (isNotServing(error.message)) {
    return new OdographError('REDIS_UNREACHABLE', { detail: error.message, cause: error });
  }
  // A transaction fails as a whole with EXECABORT; the reason is the first of its commands' errors.
  const previous: unknown = Reflect.get(error, 'previousErrors');
  const reason: unknown = Array.isArray(previous) ? previous[0] : undefined;
  return isReply(reason) ? streamError(reason) : refused(error.message, error);
}

export function refused(detail: string, cause?: unknown): OdographError {
  return new OdographError('STREAM_REFUSED', { detail, cause });
}

function unreachable(error: unknown, connectionError: unknown): OdographError {
  const cause = connectionError ?? error;
  return new OdographError('REDIS_UNREACHABLE', { detail: describeError(cause), cause });
}
