import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GATEWAY_CLIENT_EVENTS,
  MAIL_DELIVERY_COMMANDS,
  NOTIFICATION_GROUP,
  NOTIFICATION_INTENTS,
} from '@app/common/contracts';
import { Database, statement } from '@app/common/database';
import { createLogger } from '@app/common/observability';
import { RedisStreams } from '@app/common/streams';
import { eventually, freePort, repositoryRoot } from '@app/common/testing';
import { AppProcess, roleUrl } from '../../../tools/demo';
import { type Stores } from '../system.testing';
import { differences } from './balance.testing';
import { Feed, user, USERS } from './feed.testing';

export interface TrialOptions {
  /** Default 1: `notification-1`, `notification-2` and so on. */
  readonly instances?: number;
  /** Of all instances. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of one instance, laid over them. */
  readonly settingsOf?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Start an instance again that died by itself. */
  readonly restartDead?: boolean;
}

/** Short, so that a test of a take-over need not wait half a minute. */
export const LEASE_MS = 3000;
const CLAIM_THRESHOLD_MS = 2000;
const PATIENCE_MS = 90_000;

const ADD_USERS = statement(
  'e2e_notification_users',
  `INSERT INTO notification.user_account (user_id, email) SELECT id, id || '@example.org' FROM unnest($1::text[]) AS id`,
);
const UNSETTLED = statement(
  'e2e_notification_unsettled',
  `SELECT state, count(*)::integer AS count FROM (
     SELECT 'route ' || state AS state FROM notification.route WHERE state IN ('pending', 'scheduled', 'publishing', 'retrying')
     UNION ALL SELECT 'record ' || state FROM notification.record WHERE state = 'waiting') AS open
   GROUP BY state`,
);

const REPUBLISHED = statement(
  'e2e_notification_republished',
  `SELECT count(DISTINCT route_id)::integer AS count FROM notification.route_decision WHERE decision = 'republished'`,
);

/** Built notification apps as processes on a suite's own stores, a feed of intents, and the balance at the end. */
export class Trial {
  private readonly apps = new Map<string, AppProcess>();
  private readonly probePorts = new Map<string, number>();
  private isOver = false;

  private constructor(
    readonly database: Database,
    readonly streams: RedisStreams,
    readonly feed: Feed,
    private readonly folder: string,
  ) {}

  static async start(stores: Stores, options: TrialOptions = {}): Promise<Trial> {
    const database = new Database({
      ...{ url: stores.postgresUrl(), poolSize: 2, applicationName: 'e2e', startupTimeoutMs: 10_000 },
      logger: createLogger({ app: 'e2e', level: 'silent' }),
    });
    await database.start();
    await database.query(ADD_USERS, [Array.from({ length: USERS }, (_, number) => user(number))]);
    const streams = new RedisStreams({
      ...{ url: stores.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 10_000 },
    });
    await streams.start();
    const folder = mkdtempSync(join(tmpdir(), 'odograph-e2e-notification-'));
    const trial = new Trial(database, streams, new Feed(stores.redisUrl), folder);
    const { instances = 1 } = options;
    for (let number = 1; number <= instances; number += 1) {
      await trial.add(`notification-${number}`, stores, options);
    }
    await Promise.all([...trial.apps.values()].map((app) => app.start()));
    return trial;
  }

  get pids(): (number | undefined)[] {
    return [...this.apps.values()].map(({ pid }) => pid);
  }

  app(name: string): AppProcess {
    const app = this.apps.get(name);
    if (app === undefined) throw new RangeError(`there is no ${name}`);
    return app;
  }

  logOf(name: string): string {
    const path = this.logPath(name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** The sum of a counter's series of an instance whose labels match. */
  async counter(name: string, series: RegExp): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.probePorts.get(name)}/metrics`);
    const lines = (await response.text()).split('\n').filter((line) => series.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Intents that are read and not acknowledged, and those that nobody has read. */
  async intents(): Promise<{ pending: number; lag: number }> {
    const info = await this.streams.info(NOTIFICATION_INTENTS, [NOTIFICATION_GROUP]);
    const group = info?.groups.find(({ name }) => name === NOTIFICATION_GROUP);
    return { pending: group?.pending ?? 0, lag: group?.lag ?? Number.POSITIVE_INFINITY };
  }

  /** Routes and records that are not at their end, by state. */
  async unsettled(): Promise<Record<string, number>> {
    const rows = await this.database.query<{ state: string; count: number }>(UNSETTLED);
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  /** Resolves when all that was sent is accepted and all that was accepted is settled. */
  async settled(): Promise<void> {
    await eventually(
      async () => {
        expect({ ...(await this.intents()), ...(await this.unsettled()) }).toEqual({ pending: 0, lag: 0 });
      },
      { what: 'everything to be settled', timeoutMs: PATIENCE_MS },
    );
  }

  /** Has Redis refuse every entry of a stream that does not exist yet, since it is something else. */
  async block(stream: string): Promise<void> {
    await this.streams.commands.onEach((client) => client.set(stream, 'no stream'));
  }

  async unblock(stream: string): Promise<void> {
    await this.streams.commands.onEach((client) => client.del(stream));
  }

  /** Entries of both target streams. */
  async publishedRoutes(): Promise<number> {
    const infos = await Promise.all(
      [GATEWAY_CLIENT_EVENTS, MAIL_DELIVERY_COMMANDS].map((stream) => this.streams.info(stream, [])),
    );
    return infos.reduce((sum, info) => sum + (info?.length ?? 0), 0);
  }

  /** Routes that were found to be lost and became due again. */
  async republished(): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(REPUBLISHED);
    return row?.count ?? 0;
  }

  differences(): Promise<string[]> {
    return differences(this.database, this.streams, this.feed);
  }

  /** Ends everything; resolves to the names of instances that did not end in order. */
  async stop(): Promise<string[]> {
    this.isOver = true;
    await this.feed.stop();
    this.feed.close();
    const apps = [...this.apps.values()];
    const clean = await Promise.all(apps.map((app) => app.stop()));
    await Promise.all([this.database.stop(1000), this.streams.close()]);
    rmSync(this.folder, { recursive: true, force: true });
    return apps.flatMap(({ name }, i) => (clean[i] === true ? [] : [name]));
  }

  private logPath(name: string): string {
    return join(this.folder, `${name}.log`);
  }

  private async add(
    name: string,
    stores: Stores,
    { settings = {}, settingsOf = {}, restartDead = false }: TrialOptions,
  ): Promise<void> {
    const probePort = await freePort();
    const app = new AppProcess({
      name,
      command: process.execPath,
      args: ['--enable-source-maps', join(repositoryRoot(), 'dist', 'apps', 'notification', 'main.js')],
      cwd: repositoryRoot(),
      environment: {
        ...{ PATH: process.env['PATH'] ?? '', REDIS_URL: stores.redisUrl, REDIS_FSYNC: 'everysec' },
        DATABASE_URL: roleUrl(stores.postgresUrl(), 'odograph_notification'),
        ...{ PROBE_HOST: '127.0.0.1', PROBE_PORT: String(probePort), INSTANCE_ID: `${name}:${probePort}` },
        ...{ NOTIFICATION_ROUTE_LEASE: `${LEASE_MS}ms`, CLAIM_THRESHOLD_MS: String(CLAIM_THRESHOLD_MS) },
        ...settings,
        ...settingsOf[name],
      },
      logPath: this.logPath(name),
      ...{ probePort, readyTimeoutMs: PATIENCE_MS },
      onUnexpectedEnd: () => {
        if (restartDead) void this.startAgain(app);
      },
    });
    this.apps.set(name, app);
    this.probePorts.set(name, probePort);
  }

  /** As a supervisor would, until it stays up. */
  private async startAgain(app: AppProcess): Promise<void> {
    await eventually(() => this.isOver || app.start().then(() => true), {
      ...{ what: `${app.name} to be started again`, timeoutMs: PATIENCE_MS },
    });
  }
}
