import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { repositoryRoot } from '@app/common/testing';

export interface FaultPoint<App extends string = string> {
  readonly app: App;
  readonly point: string;
}

/** All points of the apps, read from their code, so that a new one is tested without anybody thinking of it. */
export function faultPoints<App extends string>(apps: readonly App[]): FaultPoint<App>[] {
  return apps.flatMap((app) => {
    const source = join(repositoryRoot(), 'apps', app, 'src');
    return readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/spec\.ts$|testing\.ts$/.test(file.split(sep).at(-1) ?? ''))
      .flatMap((file) => [...readFileSync(join(source, file), 'utf8').matchAll(/\bfault\('([^']+)'\)/g)])
      .map(([, point = '']) => ({ app, point }));
  });
}

/** Whether points are to be struck that CI's bounded sample leaves out: `npm run test:faults` takes them all. */
export const takesAllFaults = (): boolean => process.env['ODOGRAPH_FAULTS'] === 'all';

export const isOfCommands = ({ point }: FaultPoint): boolean => point.startsWith('commands.');
