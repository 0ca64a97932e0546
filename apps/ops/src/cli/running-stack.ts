import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { OdographError } from '@app/common/errors';

/** Where `npm run demo` leaves the addresses of what it started, seen from the folder that the command runs in. */
const STACK_FILE = join('.data', 'stack.json');
const CONNECT_TIMEOUT_MS = 1000;

const portSchema = z.number().int().min(1).max(65_535);

const stackSchema = z.looseObject({
  databaseUrl: z.string(),
  redisUrl: z.string(),
  edge: z.looseObject({ host: z.string(), port: portSchema }),
  probes: z.record(z.string(), portSchema),
});

/** Addresses of the running stack: database (as its owner), Redis, the edge's TCP port, each app's probe port. */
export type RunningStack = z.infer<typeof stackSchema>;

/**
 * The stack that runs in this folder, or undefined when none does: a file that a killed demo left behind counts for
 * nothing when its database does not answer.
 *
 * @throws OdographError INPUT_INVALID where the file is there and is not what the demo writes.
 */
export async function findRunningStack(directory: string): Promise<RunningStack | undefined> {
  const file = join(directory, STACK_FILE);
  if (!existsSync(file)) return undefined;
  const stack = parseStack(readFileSync(file, 'utf8'), file);
  const { hostname, port } = new URL(stack.databaseUrl);
  return (await takesConnections(hostname, Number(port || 5432))) ? stack : undefined;
}

function parseStack(text: string, file: string): RunningStack {
  try {
    const stack = stackSchema.parse(JSON.parse(text));
    new URL(stack.databaseUrl);
    return stack;
  } catch (cause) {
    throw new OdographError('INPUT_INVALID', { detail: `${file} does not hold a stack's addresses`, cause });
  }
}

function takesConnections(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const answer = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', answer(true)).once('timeout', answer(false)).once('error', answer(false));
  });
}
