import { inspect } from 'node:util';
import { ERROR_TABLE, type ErrorCode } from './codes';

export interface OdographErrorOptions {
  /** What this occurrence is about, in words for a person; never a secret, never a full IMEI. */
  readonly detail?: string;
  readonly cause?: unknown;
}

/** The only error class that our own code throws on purpose: a code of the table, a detail and the cause. */
export class OdographError extends Error {
  override readonly name = 'OdographError';
  readonly code: ErrorCode;
  /** What a person does about it. */
  readonly action: string;

  constructor(code: ErrorCode, { detail, cause }: OdographErrorOptions = {}) {
    const { message, action } = ERROR_TABLE[code];
    super(
      detail === undefined ? message : `${message}: ${detail}`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.action = action;
  }
}

export function hasCode(error: unknown, code: ErrorCode): error is OdographError {
  return error instanceof OdographError && error.code === code;
}

/** One line for a log or a terminal: the code, what happened, and the chain of causes. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && parts.length < 5;) {
    if (current instanceof OdographError) parts.push(`${current.code}: ${current.message}`);
    else if (current instanceof AggregateError && current.message === '')
      parts.push(current.errors.map(describeError).join(', '));
    else parts.push(current instanceof Error ? current.message : inspect(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(' <- ');
}
