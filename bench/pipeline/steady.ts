import { Redis } from 'ioredis';
import { round, say } from '../shared/figures';
import { machine } from '../shared/machine';
import { BenchServer } from '../sink/server';
import { ProcessorUnderTest } from './processor';
import { run } from './run';

const RATE_PER_S = Number(process.env['BENCH_RATE'] ?? 20_000);
const WINDOW_MS = Number(process.env['BENCH_WINDOW_MS'] ?? 600_000);
const DEVICES = 1_000;
const TARGET_P99_MS = 100;
const TARGET_SECOND_MS = 1_000;

/** A fixed rate over a long time, while everything happens that happens now and then to the servers below. */
export async function steady(): Promise<void> {
  const server = await BenchServer.start(DEVICES);
  const processor = await ProcessorUnderTest.start(server);
  const upheavals = upheavalsOf(server, processor);
  const timers = upheavals.map((upheaval, index) =>
    setTimeout(
      () => {
        say(`${new Date().toISOString()} ${upheaval.name}`);
        upheaval.cause().catch((error: unknown) => say(`${upheaval.name} failed: ${String(error)}`));
      },
      (WINDOW_MS * (index + 1)) / (upheavals.length + 1),
    ),
  );
  try {
    const figures = await run(server, processor, {
      ...{ devices: DEVICES, windowMs: WINDOW_MS, recordsPerS: RATE_PER_S },
    });
    const { committedMs, worstSecondMs } = figures;
    process.stdout.write(
      `${JSON.stringify({
        name: 'steady',
        ratio: round(TARGET_P99_MS / committedMs.p99, 3),
        target: 1,
        value: round(committedMs.p99, 1),
        limit: TARGET_P99_MS,
        unit: 'ms, p99 from the last byte to the committed row',
        worstSecondMs: round(worstSecondMs, 1),
        targetSecondMs: TARGET_SECOND_MS,
        figures,
        conditions: {
          ...machine(),
          ratePerS: RATE_PER_S,
          windowMs: WINDOW_MS,
          upheavals: upheavals.map(({ name }) => name),
        },
      })}\n`,
    );
  } finally {
    for (const timer of timers) clearTimeout(timer);
    await processor.stop();
    await server.stop();
  }
}

interface Upheaval {
  readonly name: string;
  cause(): Promise<unknown>;
}

function upheavalsOf(server: BenchServer, processor: ProcessorUnderTest): Upheaval[] {
  return [
    { name: 'an AOF rewrite', cause: () => rewriteAof(processor.redis.url) },
    { name: 'upkeep of the partitions', cause: () => server.upkeep() },
    { name: 'VACUUM of all tables', cause: () => server.vacuum() },
    { name: 'a checkpoint', cause: () => server.checkpoint() },
    { name: 'another AOF rewrite', cause: () => rewriteAof(processor.redis.url) },
  ];
}

async function rewriteAof(url: string): Promise<void> {
  const client = new Redis(url);
  await client.bgrewriteaof();
  client.disconnect();
}
