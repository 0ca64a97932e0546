import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { repositoryRoot } from '@app/common/testing';
import { roleUrl } from '../../tools/demo';
import { type Stores } from './system.testing';

export interface OdoOutcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** The operator's command line on a suite's own stores, whatever it ends with. */
export async function odo(servers: Stores, ...args: string[]): Promise<OdoOutcome> {
  const main = join(repositoryRoot(), 'dist/apps/ops/main.js');
  const DATABASE_URL = roleUrl(servers.postgresUrl(), 'odograph_ops');
  const { redisMode: REDIS_MODE = 'single' } = servers;
  const env = { ...process.env, DATABASE_URL, REDIS_URL: servers.redisUrl, REDIS_MODE };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: 'pipe' });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, out, err };
}
