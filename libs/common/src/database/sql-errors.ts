import { types } from 'node:util';
import { DatabaseError } from 'pg';

/**
 * The reply to a COMMIT did not arrive: the transaction happened wholly or not at all, and nobody here can know which.
 * The caller repeats work that is idempotent or looks; it never reports success or failure.
 */
export class CommitOutcomeUnknown extends Error {
  override readonly name = 'CommitOutcomeUnknown';

  constructor(cause: unknown) {
    super('the connection was lost while a COMMIT was under way; whether it took effect is unknown', {
      cause,
    });
  }
}

export function isCommitOutcomeUnknown(error: unknown): boolean {
  return findInChain(error, (each) => each instanceof CommitOutcomeUnknown) !== undefined;
}

/** The server's own error in the chain of causes, with SQLSTATE, constraint and table; undefined where it sent none. */
export function databaseErrorOf(error: unknown): DatabaseError | undefined {
  const found = findInChain(error, (each) => each instanceof DatabaseError);
  return found instanceof DatabaseError ? found : undefined;
}

/** SQLSTATE, five characters (PostgreSQL documentation, appendix A). */
export function sqlStateOf(error: unknown): string | undefined {
  return databaseErrorOf(error)?.code;
}

export function constraintOf(error: unknown): string | undefined {
  return databaseErrorOf(error)?.constraint;
}

const CHECK_VIOLATION = '23514';

/** True where a row is at fault: SQLSTATE class 22 (data exception) or 23 (integrity constraint violation). */
export function isDataError(error: unknown): boolean {
  const found = databaseErrorOf(error);
  if (found?.code === undefined) return false;
  // "no partition of relation found for row" is a check violation too, but names no constraint: our upkeep is at fault.
  if (found.code === CHECK_VIOLATION && found.constraint === undefined) return false;
  return /^2[23]/.test(found.code);
}

const TRANSACTION_TIMEOUT = '25P04';

/** The server ended the session because the transaction took longer than the role's transaction_timeout. */
export function isTransactionTooSlow(error: unknown): boolean {
  return sqlStateOf(error) === TRANSACTION_TIMEOUT;
}

/** Connection exceptions, shutdown and crash of the server, insufficient resources, and a server that turned read-only. */
const OUTAGE_STATES = /^(08...|57P0.|53...|25006)$/;

const OUTAGE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** pg gives these no code, only words. */
const OUTAGE_WORDS =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool after calling end)/;

/** True where the server or the way to it is at fault: the same work may well pass later, so it spends no attempt. */
export function isOutage(error: unknown): boolean {
  if (isCommitOutcomeUnknown(error)) return true;
  const state = sqlStateOf(error);
  if (state !== undefined) return OUTAGE_STATES.test(state);
  return findInChain(error, isNetworkError) !== undefined;
}

function isNetworkError(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string' && OUTAGE_CODES.has(error.code)) return true;
  return OUTAGE_WORDS.test(error.message);
}

/** True where the server answered and the session lives on; after anything else the connection is not to be reused. */
export function leavesSessionAlive(error: unknown): boolean {
  return error instanceof DatabaseError && error.severity === 'ERROR';
}

/** Errors of Node's own modules are of another realm where code runs in a context of its own, as specs do. */
const isError = (value: unknown): value is Error => value instanceof Error || types.isNativeError(value);

function findInChain(error: unknown, matches: (each: Error) => boolean): Error | undefined {
  let current = error;
  for (let depth = 0; depth < 10 && isError(current); depth += 1) {
    if (matches(current)) return current;
    current = current.cause ?? ('driverError' in current ? current.driverError : undefined);
  }
  return undefined;
}
