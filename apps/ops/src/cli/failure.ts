import { CommanderError } from 'commander';
import { isOutage } from '@app/common/database';
import { describeError, OdographError } from '@app/common/errors';
import { AnsweredFailure } from './answered-failure';
import { FAILURE_STATUS, USAGE_STATUS } from './exit-status';
import { type Terminal } from './terminal';

/** Says what went wrong in one line, `CODE: message. action`, and gives the exit status. */
export function reportFailure(error: unknown, terminal: Terminal, withTrace: boolean): number {
  // Commander has written its line already; help and --version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_STATUS;
  if (error instanceof AnsweredFailure) return error.status;
  terminal.err(`${oneLine(error)}\n`);
  if (withTrace && error instanceof Error) terminal.err(`${error.stack ?? error.message}\n`);
  return error instanceof OdographError && error.code === 'INPUT_INVALID' ? USAGE_STATUS : FAILURE_STATUS;
}

function oneLine(error: unknown): string {
  // What did not wait for the server at its start finds out later, in the driver's words.
  if (!(error instanceof OdographError) && isOutage(error))
    return oneLine(new OdographError('POSTGRES_UNREACHABLE', { cause: error }));
  const text = describeError(error).replace(/\s*\n\s*/g, ' ');
  if (error instanceof OdographError) return `${text}. ${error.action}`;
  return `${text}. Run it again with --debug to see where.`;
}

/** What commander says of wrong arguments, in the shape of our own lines. */
export function usageLine(message: string): string {
  const sentence = message
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
  return `INPUT_INVALID: ${sentence}. Add --help to see what the command takes.\n`;
}
