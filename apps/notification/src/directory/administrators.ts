import { readFile } from 'node:fs/promises';
import { describeError } from '@app/common/errors';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { addressesOf } from './address-list';

/** The administrators of one notification type. */
export interface AdministratorList {
  readonly type: string;
  /** The setting, for messages. */
  readonly key: string;
  readonly addresses: readonly string[];
  /** Where it is read from again and again; undefined where it stands in the environment. */
  readonly file: string | undefined;
}

export interface AdministratorsOptions {
  readonly lists: readonly AdministratorList[];
  readonly checkMs: number;
  readonly logger: Logger;
}

/**
 * Who runs the deployment, by notification type. Lists in files are followed: their content is compared, not their time,
 * since a mounted one changes by a swapped link. A file that cannot be read or holds something else leaves the last good
 * list standing.
 */
export class Administrators implements Service, HealthContributor {
  readonly name = 'administrators';
  readonly stage = 'work';
  readonly gatesReadiness = false;
  private readonly loop: Loop;
  private readonly current: Map<string, readonly string[]>;
  /** By setting: what is wrong with its file. */
  private readonly refused = new Map<string, string>();

  constructor(private readonly options: AdministratorsOptions) {
    this.current = new Map(options.lists.map(({ type, addresses }) => [type, addresses]));
    this.loop = new Loop({ name: 'administrators', logger: options.logger, round: () => this.follow() });
  }

  start(): Promise<void> {
    if (this.options.lists.some(({ file }) => file !== undefined)) this.loop.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  /** Mail addresses; none where the configuration names nobody. */
  of(type: string): readonly string[] {
    return this.current.get(type) ?? [];
  }

  check(): Promise<HealthReport> {
    const counts = [...this.current].map(([type, addresses]) => [type, addresses.length] as const);
    const problems = [...this.refused];
    return Promise.resolve({
      status: problems.length > 0 ? 'degraded' : 'up',
      details: Object.fromEntries<string | number>([...counts, ...problems]),
    });
  }

  private async follow(): Promise<number> {
    for (const list of this.options.lists) {
      if (list.file !== undefined) await this.read(list, list.file);
    }
    return this.options.checkMs;
  }

  private async read({ type, key }: AdministratorList, file: string): Promise<void> {
    const { logger } = this.options;
    try {
      const addresses = addressesOf(await readFile(file, 'utf8'));
      this.refused.delete(`${key}_FILE`);
      if (isSame(addresses, this.of(type))) return;
      this.current.set(type, addresses);
      logger.info({ event: 'administrators_reloaded', notificationType: type, count: addresses.length });
    } catch (error) {
      const reason = describeError(error);
      if (this.refused.get(`${key}_FILE`) === reason) return;
      this.refused.set(`${key}_FILE`, reason);
      logger.error({ event: 'administrators_refused', setting: `${key}_FILE`, reason });
    }
  }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((address, i) => address === b[i]);
