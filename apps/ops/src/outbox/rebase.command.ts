import { type Command } from 'commander';
import { z } from 'zod';
import { sqlStateOf, statement, type Transaction } from '@app/common/database';
import { OdographError } from '@app/common/errors';
import { type Streams } from '@app/common/streams';
import {
  checkArguments,
  numberField,
  redisOption,
  registerVerb,
  type Change,
  type Invocation,
  type Surroundings,
} from '../cli';
import { rebase, type Rebased } from './rebase';
import limitLockWait from './sql/limit-lock-wait.sql';
import openWriters from './sql/open-writers.sql';

const LIMIT_WAIT = statement('outbox_limit_lock_wait', limitLockWait);
const WRITERS = statement('outbox_open_writers', openWriters);

const LOCK_NOT_AVAILABLE = '55P03';
const INSUFFICIENT_PRIVILEGE = '42501';
/** A backlog of millions is rewritten in one statement. */
const ANSWER_TIMEOUT_MS = 900_000;
const LONGEST_WAIT_S = 600;
/** Below the lock_timeout of the producers' roles. */
const ATTEMPT_S = 2;

const rebaseSchema = z.object({
  wait_s: numberField({ min: 1, max: LONGEST_WAIT_S, whole: true }).default(10),
});

/** `odo outbox rebase`: after a database that was restored or promoted. */
export function registerRebase(outbox: Command, surroundings: Surroundings): void {
  redisOption(
    registerVerb(outbox, surroundings, {
      usage: 'rebase',
      summary: 'let the relay go on with a database that was restored or promoted (OUTBOX_CURSOR_AHEAD)',
      example: 'odo outbox rebase --database-url postgres://owner@localhost/odograph',
      notes:
        "Works under the database's owner. Waits for open transactions that have appended, takes every part over, looks\n" +
        'in the streams for what stands behind the cursors, and gives what is missing there to the relay. It does no\n' +
        'harm where nothing was restored. What the lost database had published stays in the streams.',
      run,
    }),
  ).option('--wait-s <n>', `how long to wait for open transactions, at most ${LONGEST_WAIT_S} (default: 10)`);
}

async function run(invocation: Invocation): Promise<void> {
  const { wait_s: waitS } = checkArguments(rebaseSchema, {}, invocation.options);
  const changes = await invocation.withStreams((streams) => edit(invocation, streams, waitS));
  const [{ after } = { after: null }] = changes;
  if (after === null) return;
  invocation.answer(
    after,
    () =>
      `generation ${after.generation}: ${after.to_publish} messages go to their streams, ` +
      `${after.already_published} stand there already\n`,
  );
}

/**
 * Tries until the wait is over: a producer that comes in between waits behind the attempt, and gives up after 5 s.
 *
 * @throws OdographError STILL_IN_USE naming the transactions that were waited for, INPUT_INVALID under another role.
 */
async function edit(
  invocation: Invocation,
  streams: Streams,
  waitS: number,
): Promise<readonly Change<Rebased>[]> {
  const untilMs = performance.now() + waitS * 1000;
  const attempt = async (transaction: Transaction): Promise<readonly Change<Rebased>[]> => {
    await transaction.query(LIMIT_WAIT, [`${Math.min(waitS, ATTEMPT_S)}s`]);
    return [await rebase(transaction, streams)];
  };
  for (;;) {
    try {
      return await invocation.edit('outbox.rebase', attempt, {
        authority: 'owner',
        answerTimeoutMs: ANSWER_TIMEOUT_MS,
      });
    } catch (error) {
      if (sqlStateOf(error) === INSUFFICIENT_PRIVILEGE) {
        const detail = 'this needs the owner of the database: give --database-url as for odo migrate';
        throw new OdographError('INPUT_INVALID', { detail, cause: error });
      }
      if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
      if (performance.now() >= untilMs) throw await stillInUse(invocation, error);
    }
  }
}

async function stillInUse(invocation: Invocation, cause: unknown): Promise<OdographError> {
  const writers = await invocation.read(
    (database) => database.query<{ pid: number; application: string; open_ms: number }>(WRITERS),
    'owner',
  );
  const names = writers.map(
    ({ pid, application, open_ms: ms }) => `${pid} (${application}, open for ${Math.round(ms / 1000)} s)`,
  );
  const detail = `transactions are open that may have appended: ${names.join(', ') || 'they ended just now'}`;
  return new OdographError('STILL_IN_USE', { detail, cause });
}
