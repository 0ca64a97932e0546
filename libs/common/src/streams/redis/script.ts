import { createHash } from 'node:crypto';
import { type Redis } from 'ioredis';
import { isReplyError, refused } from './stream-error';

/** Below the reply timeout of a connection: WAIT holds the connection for as long. */
export const REPLICAS_TIMEOUT_MS = 2000;

export type Argument = string | Buffer | number;

/**
 * A Lua script that is sent once and called by its digest from then on.
 *
 * `draining` scripts also run on a full server, since reading on and acknowledging is what empties it (a new owner's
 * epoch has to be written for that). The header that says so is put on here: Jest takes a file's own first line for a
 * shebang and strips it.
 */
export class Script {
  private readonly text: string;
  private readonly sha: string;

  constructor(body: string, { draining = false } = {}) {
    this.text = draining ? `#!lua flags=allow-oom\n${body}` : body;
    this.sha = createHash('sha1').update(this.text).digest('hex');
  }

  /** Resolves to the reply, strings as Buffers, when as many replicas as given hold what was written. */
  async run(
    redis: Redis,
    keys: readonly string[],
    args: readonly Argument[],
    replicas = 0,
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await onReplicas(redis, replicas, () => redis.callBuffer('EVALSHA', this.sha, ...rest));
    } catch (error) {
      // The server does not know the script (yet, or after a restart): nothing has happened.
      if (!isReplyError(error, 'NOSCRIPT')) throw error;
      return onReplicas(redis, replicas, () => redis.callBuffer('EVAL', this.text, ...rest));
    }
  }
}

/**
 * A write and the wait for its replicas, sent together: WAIT asks about the writes of its own connection, so sent after
 * the reply it could run on a new connection and find nothing to wait for.
 *
 * @throws OdographError STREAM_REFUSED when too few replicas answered; the write itself is done.
 */
export async function onReplicas<Value>(
  redis: Redis,
  replicas: number,
  write: () => Promise<Value>,
): Promise<Value> {
  if (replicas === 0) return write();
  const [value, answered] = await Promise.all([write(), redis.wait(replicas, REPLICAS_TIMEOUT_MS)]);
  if (answered < replicas) throw refused(`${answered} of ${replicas} replicas hold the write`);
  return value;
}
