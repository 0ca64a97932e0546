import { type AppendLimit } from './append-limit';
import { type Apps } from './apps';
import { type InsertLimit } from './insert-limit';
import { type BenchIntent, NORMAL, ROUTES_AN_INTENT } from './intents';
import { type NotificationServers } from './servers';

export interface Bench {
  readonly servers: NotificationServers;
  readonly inserts: InsertLimit;
  readonly appends: AppendLimit;
  readonly apps: Apps;
  /** Of a backlog. */
  readonly intents: number;
  /** Intents of one transaction of the limit: the app's own setting. */
  readonly batch: number;
}

type CpuUs<Part extends string> = Readonly<Record<Part, number>>;

/** A second, and microseconds of CPU each. */
export interface Pace<Part extends string> {
  readonly perS: number;
  readonly cpuUs: CpuUs<Part>;
}

type OurPace = Pace<'app' | 'postgres' | 'redis'>;

/** One round: limits and app in turn. */
export interface Judged {
  /** Intents. */
  readonly inserted: Pace<'client' | 'postgres'>;
  /** Entries. */
  readonly appended: Pace<'client' | 'redis'>;
  /** Intents, while no route may be published. */
  readonly accepted: OurPace;
  /** Routes, while no intent comes. */
  readonly published: OurPace;
  /** Intents, both at once, until the last of their routes is out. */
  readonly atOnce: OurPace;
}

let sent = 0;

/** So many intents that nobody has sent before. */
export const freshIntents = (count: number): BenchIntent[] =>
  Array.from({ length: count }, () => ({ key: `bench-${(sent += 1)}`, type: NORMAL, number: sent }));

/** Lets the app work through everything once, and shows the limits what it wrote. */
export async function warmUp({ servers, inserts, appends, intents, batch }: Bench) {
  await servers.mayPublish(false);
  await servers.send(freshIntents(intents));
  await servers.accepted();
  const taken = await inserts.take(batch);
  await servers.postgres.query('ANALYZE notification.record, notification.route');
  await servers.mayPublish(true);
  // A publisher that rests after a failure is woken by an intent.
  await servers.send(freshIntents(1));
  await servers.published((intents + 1) * ROUTES_AN_INTENT);
  await appends.take();
  await servers.settled();
  return taken;
}

export async function judge(bench: Bench): Promise<Judged> {
  const { servers, inserts, appends, intents } = bench;
  await servers.clear();
  const inserted = await inserts.measure(intents);
  const accepted = await measureAccepting(bench);
  const appended = await appends.measure(intents * ROUTES_AN_INTENT);
  const published = await measurePublishing(bench);
  const atOnce = await measureBoth(bench);
  return { inserted, accepted, appended, published, atOnce };
}

async function measureAccepting(bench: Bench): Promise<OurPace> {
  const { servers, intents } = bench;
  await servers.clear();
  await servers.mayPublish(false);
  const pace = await paced(bench, intents, await backlog(bench), () => servers.accepted());
  await servers.clear();
  await servers.mayPublish(true);
  await servers.send(freshIntents(1));
  await servers.published(ROUTES_AN_INTENT);
  await servers.settled();
  return pace;
}

async function measurePublishing(bench: Bench): Promise<OurPace> {
  const { servers, inserts, intents } = bench;
  const routes = intents * ROUTES_AN_INTENT;
  await servers.clear();
  await inserts.hold(intents);
  const release = async (): Promise<void> => {
    await inserts.release();
    // Tells the publishers that there is work; it goes out behind the others.
    await servers.send(freshIntents(1));
  };
  const pace = await paced(bench, routes, release, () => servers.published(routes + ROUTES_AN_INTENT));
  await servers.settled();
  return pace;
}

async function measureBoth(bench: Bench): Promise<OurPace> {
  const { servers, intents } = bench;
  await servers.clear();
  const routes = intents * ROUTES_AN_INTENT;
  const pace = await paced(bench, intents, await backlog(bench), () => servers.published(routes));
  await servers.settled();
  return pace;
}

/** Lays out intents while the app is frozen; the answer lets it go. */
async function backlog({ servers, apps, intents }: Bench): Promise<() => void> {
  apps.pause();
  await servers.send(freshIntents(intents));
  return () => apps.resume();
}

async function paced(
  { servers, apps }: Bench,
  count: number,
  start: () => void | Promise<void>,
  done: () => Promise<void>,
): Promise<OurPace> {
  const before = { ...servers.cpuSeconds(), app: apps.cpuSeconds };
  const startedAt = performance.now();
  await start();
  await done();
  const tookMs = performance.now() - startedAt;
  const after = { ...servers.cpuSeconds(), app: apps.cpuSeconds };
  const us = (of: keyof typeof before): number => ((after[of] - before[of]) * 1e6) / count;
  return {
    perS: (count * 1000) / tookMs,
    cpuUs: { app: us('app'), postgres: us('postgres'), redis: us('redis') },
  };
}
