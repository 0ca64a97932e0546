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
    const state = {
      at: new Date().toISOString(),
      app,
      kind,
      error: describeError(error),
      held: lifecycle.snapshot(),
    };
    writeFileSync(
      file,
      JSON.stringify(state, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value), 2),
    );
    logger.fatal({ event: 'panic', kind, file, err: error });
    process.exit(PANIC_EXIT_STATUS);
  };
  process.on('uncaughtException', panic('uncaughtException'));
  process.on('unhandledRejection', panic('unhandledRejection'));
}
