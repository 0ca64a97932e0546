import { RedisStreams } from '@app/common/streams';
import { testServers, type TestServers } from '@app/common/testing';
import { OdoInTest } from './command-line.testing';

export interface OdoSuite {
  readonly servers: TestServers;
  readonly odo: OdoInTest;
  /** The apps' hands in the same Redis; from `beforeAll` on. */
  readonly streams: RedisStreams;
}

/**
 * `odo` on a database and a Redis of the suite's own. Called once at the top of a file. What a spec opens there itself is
 * closed in an `afterAll` above this call: hooks run in the order of the calls, and the servers go away in theirs.
 */
export function odoSuite(): OdoSuite {
  let streams: RedisStreams | undefined;
  afterAll(async () => {
    await streams?.close();
    await odo.close();
  });
  const servers = testServers();
  const odo = new OdoInTest({
    operator: () => servers.postgresUrl('odograph_ops'),
    owner: () => servers.postgresUrl(),
    redis: () => servers.redisUrl,
  });
  beforeAll(async () => {
    streams = new RedisStreams({
      ...{ url: servers.redisUrl, fsync: 'everysec', waitReplicas: 0, startupTimeoutMs: 5_000 },
    });
    await streams.start();
  });
  return {
    servers,
    odo,
    get streams() {
      if (streams === undefined) throw new Error('the suite has its streams only from beforeAll on');
      return streams;
    },
  };
}
