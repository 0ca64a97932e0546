import { loadavg } from 'node:os';
import { median, round, say } from '../shared/figures';
import { checkStream, drainBacklog } from './backlog';
import { countWrites } from './counters';
import { Limit, LIMIT_ROLE, serveLimit } from './limit';
import { SteadyLoad } from './load';
import { foreignWriter, pinnedSnapshot } from './obstacles';
import { FILL_PEER_TABLE, fillBoss, PEER_ROLE, PEER_TABLE, Peers, servePeer } from './peers';
import { commitToStream } from './probes';
import { Relays } from './relays';
import { type Judged, report } from './report';
import { RelayServers } from './servers';

const MESSAGES = Number(process.env['BENCH_MESSAGES'] ?? 100_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const FSYNC = process.env['BENCH_FSYNC'] === 'always' ? 'always' : 'everysec';
/** The times of the text that the targets come from; a short run shows the same in seconds. */
const IS_LONG = process.env['BENCH_LONG'] === '1';
const [PINNED_MS, WRITER_MS] = IS_LONG ? [300_000, 60_000] : [5_000, 5_000];
const PROBES = IS_LONG ? 2_000 : 300;
const PROBE_EVERY_MS = 15;
const RELAYS = 2;
/** Fewer than of the others, since a round would take too long. */
const MOST_JOBS = 10_000;
/** `judged` for the throughput alone. */
const ONLY_JUDGED = process.env['BENCH_ONLY'] === 'judged';

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] ?? NaN;
  const servers = await RelayServers.start(FSYNC);
  const relays = await Relays.start(servers, RELAYS);
  const limit = new Limit(servers.redis);
  const peers = new Peers();
  try {
    await servers.postgres.query(PEER_TABLE);
    const judged = await judge(servers, relays, limit, peers);
    const perS = median(judged.map(({ drained }) => drained.perS));
    const rest = ONLY_JUDGED ? undefined : await measureRest(servers, relays, perS);
    report(judged, rest, {
      messages: MESSAGES,
      rounds: ROUNDS,
      relays: RELAYS,
      appendfsync: FSYNC,
      isLong: IS_LONG,
      loadBefore: round(loadBefore, 1),
      loadAfter: round(loadavg()[0] ?? NaN, 1),
    });
  } finally {
    peers.end();
    limit.end();
    await relays.stop();
    await servers.stop();
  }
}

/** Limit, relays and peers in turn. The first round warms up and does not count. */
async function judge(servers: RelayServers, relays: Relays, limit: Limit, peers: Peers): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (let number = 0; number <= ROUNDS; number += 1) {
    await servers.clear();
    const limited = await limit.measure(MESSAGES);
    await servers.clear();
    const drained = await drainBacklog(servers, relays, MESSAGES);
    await checkStream(servers, MESSAGES);
    const peersPerS = {
      leaseAndDelete: await drainQueue(servers, peers),
      pgBoss: await drainBoss(servers, peers),
    };
    if (number > 0) judged.push({ limited, drained, peersPerS });
    say(lineOf(number, { limited, drained, peersPerS }));
  }
  return judged;
}

async function drainQueue(servers: RelayServers, peers: Peers): Promise<number> {
  await servers.postgres.query('TRUNCATE bench.queue');
  await servers.postgres.query(FILL_PEER_TABLE);
  await servers.postgres.query('ANALYZE bench.queue');
  const tookMs = await peers.drain({
    kind: 'leaseAndDelete',
    redisUrl: servers.redis.url,
    postgresUrl: servers.postgres.url('postgres'),
  });
  return (MESSAGES * 1000) / tookMs;
}

async function drainBoss(servers: RelayServers, peers: Peers): Promise<number> {
  const postgresUrl = servers.postgres.url('postgres');
  const jobs = await fillBoss(postgresUrl, Math.min(MESSAGES, MOST_JOBS));
  const tookMs = await peers.drain({ kind: 'pgBoss', redisUrl: servers.redis.url, postgresUrl });
  return (jobs * 1000) / tookMs;
}

const lineOf = (number: number, { limited, drained: { perS, cpuUs }, peersPerS }: Judged): string =>
  `round ${number}: limit ${Math.round(limited.perS)}/s, relays ${Math.round(perS)}/s (${(perS / limited.perS).toFixed(2)}), ` +
  `lease and delete ${Math.round(peersPerS.leaseAndDelete)}/s, pg-boss ${Math.round(peersPerS.pgBoss)}/s; CPU us a message: relays ${cpuUs.relays.toFixed(1)}, ` +
  `PostgreSQL ${cpuUs.postgres.toFixed(1)}, Redis ${cpuUs.redis.toFixed(1)}; ` +
  `limit: client ${limited.cpuUs.client.toFixed(1)}, Redis ${limited.cpuUs.redis.toFixed(1)}`;

async function measureRest(servers: RelayServers, relays: Relays, perS: number) {
  await servers.clear();
  const counters = await countWrites(servers, relays, MESSAGES);
  say(`counters: ${JSON.stringify(counters)}`);
  await servers.clear();
  const idleMs = await commitToStream(servers, PROBES, PROBE_EVERY_MS);
  say(`commit to stream, idle: ${JSON.stringify(idleMs)}`);
  const load = new SteadyLoad(servers, perS / 2);
  const halfLoadMs = await commitToStream(servers, PROBES, PROBE_EVERY_MS);
  await load.stop();
  say(`commit to stream at half load: ${JSON.stringify(halfLoadMs)}`);
  const pinned = await pinnedSnapshot(servers, relays, MESSAGES, PINNED_MS);
  say(`pinned snapshot: ${JSON.stringify(pinned)}`);
  const writer = await foreignWriter(servers, relays, WRITER_MS);
  say(`foreign writer: ${JSON.stringify(writer)}`);
  return { counters, idleMs, halfLoadMs, pinned, writer };
}

const [, , role] = process.argv;
if (role === LIMIT_ROLE) serveLimit();
else if (role === PEER_ROLE) servePeer();
else void main();
