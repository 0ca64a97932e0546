import { loadavg } from 'node:os';
import { median, round, say } from '../shared/figures';
import { machine } from '../shared/machine';
import { BenchServer } from './server';
import { SinkUnderTest } from './sink-under-test';
import { copyRows, StagedCopy } from './staged-copy';
import { RECORDS_A_FRAME } from '../shared/records';
import { makeDecoders, makeWork } from './work';

const TARGET_1000 = 0.85;
const TARGET_2000 = 0.95;
const LANES = 2;
const DEVICES = Number(process.env['BENCH_DEVICES'] ?? 1_000);
const ROWS = Number(process.env['BENCH_ROWS'] ?? 100_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const BATCHES = (process.env['BENCH_BATCHES'] ?? '500,1000,2000').split(',').map(Number);
const JUDGED = [1_000, 2_000] as const;

const COPY = 'copy';
const COPY_LANES = 'copy, two lanes';
const sinkAt = (batch: number): string => `sink, ${batch} a batch`;

interface Sample {
  readonly perS: number;
  readonly nodeUs: number;
  readonly postgresUs: number;
  /** Of the rules; a COPY raises none. */
  readonly events: number;
}

interface Variant {
  readonly name: string;
  run(): Promise<unknown>;
}

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] ?? NaN;
  const server = await BenchServer.start(DEVICES);
  const decoders = await makeDecoders(LANES);
  const work = makeWork(DEVICES, ROWS, LANES);
  const [decode] = decoders;
  if (decode === undefined) throw new Error('there is no lane');
  const copies = await Promise.all(work.lanes.map(() => StagedCopy.connect(server.url('postgres'))));
  const sink = await SinkUnderTest.start(server.url('odograph_processor'), decoders);
  try {
    const whole = copyRows(work.lanes.flat(), decode, server.deviceIds);
    const halves = work.lanes.map((entries) => copyRows(entries, decode, server.deviceIds));
    const variants: Variant[] = [
      { name: COPY, run: () => Promise.resolve(copies[0]?.write(whole)) },
      {
        name: COPY_LANES,
        run: () => Promise.all(copies.map((copy, lane) => copy.write(halves[lane] ?? Buffer.alloc(0)))),
      },
      ...BATCHES.map((batch) => ({ name: sinkAt(batch), run: () => sink.write(work, batch) })),
    ];
    const samples = await measureAll(server, variants);
    report(samples, loadBefore);
  } finally {
    await sink.stop();
    await Promise.all(copies.map((copy) => copy.end()));
    await server.stop();
  }
}

type Round = ReadonlyMap<string, Sample>;

/** Each variant once a round, in an order that moves on with the rounds. The first round warms up and does not count. */
async function measureAll(server: BenchServer, variants: readonly Variant[]): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let number = 0; number <= ROUNDS; number += 1) {
    const samples = new Map<string, Sample>();
    for (let turn = 0; turn < variants.length; turn += 1) {
      const variant = variants[(turn + number) % variants.length];
      if (variant === undefined) continue;
      await server.clear();
      samples.set(variant.name, await measure(server, variant));
    }
    if (number > 0) rounds.push(samples);
    say(lineOf(number, samples));
  }
  return rounds;
}

async function measure(server: BenchServer, variant: Variant): Promise<Sample> {
  const cpuBefore = process.cpuUsage();
  const postgresBefore = server.cpuSeconds();
  const startedAt = performance.now();
  await variant.run();
  const tookMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const postgresUs = (server.cpuSeconds() - postgresBefore) * 1e6;
  const stored = await server.countOf('telemetry.position');
  if (stored !== ROWS) throw new Error(`${variant.name} stored ${stored} of ${ROWS} rows`);
  return {
    perS: (ROWS / tookMs) * 1000,
    nodeUs: (user + system) / ROWS,
    postgresUs: postgresUs / ROWS,
    events: await server.countOf('telemetry.event'),
  };
}

const perSOf = (samples: Round, name: string): number => samples.get(name)?.perS ?? NaN;

function lineOf(number: number, samples: Round): string {
  const shares = BATCHES.map((batch) => (perSOf(samples, sinkAt(batch)) / perSOf(samples, COPY)).toFixed(2));
  return `round ${number}: copy ${Math.round(perSOf(samples, COPY))}/s, sink at ${BATCHES.join(', ')}: ${shares.join(', ')}`;
}

function report(rounds: readonly Round[], loadBefore: number): void {
  const names = [...(rounds[0]?.keys() ?? [])].sort();
  const of = (name: string, figure: (sample: Sample) => number): number =>
    median(
      rounds.map((samples) =>
        figure(samples.get(name) ?? { perS: NaN, nodeUs: NaN, postgresUs: NaN, events: 0 }),
      ),
    );
  const ratioTo = (limit: string, name: string): number =>
    median(rounds.map((samples) => perSOf(samples, name) / perSOf(samples, limit)));
  const rows = names.map((name) => ({
    name,
    perS: Math.round(of(name, ({ perS }) => perS)),
    ratio: round(ratioTo(COPY, name), 3),
    ratioTwoLanes: round(ratioTo(COPY_LANES, name), 3),
    nodeUs: round(
      of(name, ({ nodeUs }) => nodeUs),
      2,
    ),
    postgresUs: round(
      of(name, ({ postgresUs }) => postgresUs),
      2,
    ),
  }));
  const header = ['', 'rows/s', 'of copy', 'of 2 lanes', 'Node us/row', 'PostgreSQL us/row'];
  const cells = rows.map((row) => Object.values(row).map(String));
  say(
    ...[header, ...cells].map((line) =>
      line.map((cell, column) => cell.padEnd(column === 0 ? 22 : 19)).join(''),
    ),
  );
  const [at1000, at2000] = JUDGED.map((batch) => rows.find(({ name }) => name === sinkAt(batch)));
  process.stdout.write(
    `${JSON.stringify({
      name: 'sink',
      ratio: at1000?.ratio,
      ratio2000: at2000?.ratio,
      target: TARGET_1000,
      target2000: TARGET_2000,
      value: at1000?.perS,
      limit: rows.find(({ name }) => name === COPY)?.perS,
      unit: 'rows/s',
      rows,
      conditions: {
        ...machine(),
        limitIs: 'one staged binary COPY of all rows over one connection, repeats dropped, by a bare client',
        sinkIs:
          'decode, two lanes, fence, rules, state, events and outbox on; no stream read and no live feed',
        devices: DEVICES,
        rows: ROWS,
        recordsAFrame: RECORDS_A_FRAME,
        ioElements: 12,
        eventsARun: Math.max(
          ...rounds.flatMap((samples) => [...samples.values()].map(({ events }) => events)),
        ),
        rounds: ROUNDS,
        loadBefore: round(loadBefore, 1),
        loadAfter: round(loadavg()[0] ?? NaN, 1),
      },
    })}\n`,
  );
}

void main();
