import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError } from '../errors';
import { type Logger } from '../observability';
import { type Lifecycle } from './lifecycle';

/** Exit status after an error that nobody caught: a supervisor restarts the process. */
const PANIC_EXIT_STATUS = 70;

/**
 * An uncaught error leaves the process in a state that nobody planned. It says what it held and goes; what it had in
 * hand is redelivered to another instance.
 */
export function exitOnPanic(app: string, logger: Logger, lifecycle: Lifecycle): void {
  const panic = (kind: string) => (error: unknown) => {
    const file = join(tmpdir(), `odograph-${app}-panic-${process.pid}.json`);
    try {
      writeFileSync(file, dumpOf(app, kind, error, lifecycle));
      logger.fatal({ event: 'panic', kind, file, err: error });
    } catch (dumpError) {
      // A full disk, or the state itself is what is broken: the error that began it must be told all the same.
      logger.fatal({ event: 'panic', kind, err: error, dumpError });
    } finally {
      process.exit(PANIC_EXIT_STATUS);
    }
  };
  process.on('uncaughtException', panic('uncaughtException'));
  process.on('unhandledRejection', panic('unhandledRejection'));
}

function dumpOf(app: string, kind: string, error: unknown, lifecycle: Lifecycle): string {
  const stack = error instanceof Error ? error.stack : undefined;
  const state = {
    ...{ at: new Date().toISOString(), app, pid: process.pid, kind, error: describeError(error), stack },
    ...{ phase: lifecycle.state, uptimeS: Math.round(process.uptime()), memory: process.memoryUsage() },
    held: lifecycle.snapshot(),
  };
  return JSON.stringify(
    state,
    (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    2,
  );
}
