import { hostname, userInfo } from 'node:os';

/** Who runs the command, for the audit: the operating system's user and host. */
export function defaultActor(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // A container may run under a number that has no name.
    if (!isSystemError(error)) throw error;
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

const isSystemError = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SYSTEM_ERROR';
