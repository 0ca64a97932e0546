import { type OutboxDraft } from '@app/common/contracts';
import { Database } from '@app/common/database';
import { appendBatch } from '@app/common/outbox';
import { RedisStreams } from '@app/common/streams';
import { testServers } from '@app/common/testing';
import { databaseOptions, Relay, type RelayOptions, RESET, spec } from './relay.testing';

interface Connections {
  readonly admin: Database;
  readonly producer: Database;
  readonly streams: RedisStreams;
}

const ALL_GONE = [...RESET, spec('TRUNCATE outbox.pause')];

/** The set-up of a spec with relays on the servers of its worker; each test begins with an empty outbox and Redis. */
export class RelaySuite {
  readonly servers = testServers();
  private connections: Connections | undefined;
  private relays: Relay[] = [];

  /** To be made where a spec file begins: it registers its hooks. */
  constructor() {
    beforeAll(async () => {
      const { servers } = this;
      const streams = new RedisStreams({
        ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5_000 },
      });
      this.connections = {
        admin: new Database(databaseOptions(servers.postgresUrl())),
        producer: new Database({
          ...databaseOptions(servers.postgresUrl('odograph_processor')),
          poolSize: 10,
        }),
        streams,
      };
      await streams.start();
    });
    afterEach(async () => {
      await Promise.all(this.relays.splice(0).map((relay) => relay.stop()));
      for (const statement of ALL_GONE) await this.admin.query(statement);
      await this.streams.commands.onEach((redis) => redis.flushall());
    });
    afterAll(() => Promise.all([this.admin.stop(1_000), this.producer.stop(1_000), this.streams.close()]));
  }

  get admin(): Database {
    return this.connected.admin;
  }

  get producer(): Database {
    return this.connected.producer;
  }

  get streams(): RedisStreams {
    return this.connected.streams;
  }

  /** A running relay, which ends with the test. */
  relay(options: Partial<RelayOptions> = {}): Promise<Relay> {
    const postgresUrl = this.servers.postgresUrl('odograph_relay');
    const made = new Relay({ postgresUrl, streams: this.streams, inspector: this.streams, ...options });
    this.relays.push(made);
    return made.start();
  }

  /** Ends a relay before the test ends. */
  stop(relay: Relay): Promise<void> {
    this.relays = this.relays.filter((each) => each !== relay);
    return relay.stop();
  }

  /** Appends in one transaction. */
  commit(...drafts: OutboxDraft[]): Promise<void> {
    return this.producer.transaction((transaction) => appendBatch(transaction, drafts));
  }

  private get connected(): Connections {
    if (this.connections === undefined) throw new Error('the suite has not begun');
    return this.connections;
  }
}
