import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** The operator's command line, run as an operator runs it. */
export class Odo {
  constructor(
    private readonly root: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** Resolves to what it printed. @throws Error with its own last words when it fails. */
  async run(...args: string[]): Promise<string> {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', join(this.root, 'dist/apps/ops/main.js'), ...args],
      {
        ...{
          cwd: this.root,
          env: { ...process.env, ...this.environment },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      },
    );
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
    if (child.exitCode === 0) return stdout;
    throw new Error(`odo ${args.join(' ')} failed: ${(stderr || stdout).trim()}`);
  }
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  await once(child, 'close');
}
