import { loadavg } from 'node:os';
import { median, round, say } from '../shared/figures';
import { machine } from '../shared/machine';
import { BenchServer } from '../sink/server';
import { copyRows, StagedCopy } from '../sink/staged-copy';
import { makeDecoders, makeWork } from '../sink/work';
import { RECORDS_A_FRAME } from '../shared/records';
import { ProcessorUnderTest } from './processor';
import { run, type RunFigures } from './run';
import { steady } from './steady';
import { LOAD_ROLE, serveLoad } from './worker';

const TARGET = 0.65;
const JUDGED_AT = 1_000;
const LIMIT_ROWS = 100_000;
const numbers = (name: string, standard: string): number[] =>
  (process.env[name] ?? standard).split(',').map(Number);
const DEVICES = numbers('BENCH_DEVICES', '10,100,1000,5000');
/** Rows that the table holds before a run of {@link JUDGED_AT} devices, beside the empty one. */
const TABLE_ROWS = numbers('BENCH_TABLE_ROWS', '10000000').filter((rows) => rows > 0);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const WINDOW_MS = Number(process.env['BENCH_WINDOW_MS'] ?? 15_000);

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] ?? NaN;
  const server = await BenchServer.start(Math.max(JUDGED_AT, ...DEVICES));
  const limit = await Limit.connect(server);
  const processor = await ProcessorUnderTest.start(server);
  try {
    const judged: { readonly figures: RunFigures; readonly limitPerS: number }[] = [];
    for (let number = 1; number <= ROUNDS; number += 1) {
      const limitPerS = await limit.measure();
      const figures = await fromEmpty(server, processor, JUDGED_AT);
      judged.push({ figures, limitPerS });
      say(`round ${number}: ${Math.round(figures.recordsPerS)} of ${Math.round(limitPerS)} records/s`);
    }
    const growth: RunFigures[] = [];
    for (const devices of DEVICES.filter((count) => count !== JUDGED_AT)) {
      growth.push(await fromEmpty(server, processor, devices));
    }
    for (const rows of TABLE_ROWS) {
      await server.clear();
      await server.fill(rows);
      growth.push(await run(server, processor, { devices: JUDGED_AT, windowMs: WINDOW_MS }));
    }
    report(judged, growth, loadBefore);
  } finally {
    await processor.stop();
    await limit.end();
    await server.stop();
  }
}

async function fromEmpty(
  server: BenchServer,
  processor: ProcessorUnderTest,
  devices: number,
): Promise<RunFigures> {
  await server.clear();
  return run(server, processor, { devices, windowMs: WINDOW_MS });
}

/** What the same rows cost a client that only copies them. */
class Limit {
  private constructor(
    private readonly server: BenchServer,
    private readonly copy: StagedCopy,
    private readonly rows: Buffer,
  ) {}

  static async connect(server: BenchServer): Promise<Limit> {
    const [decode] = await makeDecoders(1);
    if (decode === undefined) throw new Error('there is no decoder');
    const { lanes } = makeWork(JUDGED_AT, LIMIT_ROWS, 1);
    const rows = copyRows(lanes.flat(), decode, server.deviceIds);
    return new Limit(server, await StagedCopy.connect(server.url('postgres')), rows);
  }

  /** Rows a second: the median of three. */
  async measure(): Promise<number> {
    const perS: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await this.server.clear();
      const startedAt = performance.now();
      await this.copy.write(this.rows);
      perS.push((LIMIT_ROWS * 1000) / (performance.now() - startedAt));
    }
    return median(perS);
  }

  end(): Promise<void> {
    return this.copy.end();
  }
}

function report(
  judged: readonly { readonly figures: RunFigures; readonly limitPerS: number }[],
  growth: readonly RunFigures[],
  loadBefore: number,
): void {
  const ratio = median(judged.map(({ figures, limitPerS }) => figures.recordsPerS / limitPerS));
  const value = median(judged.map(({ figures }) => figures.recordsPerS));
  const best = judged.find(({ figures }) => figures.recordsPerS === value)?.figures;
  const rows = [...(best === undefined ? [] : [best]), ...growth];
  say(table(rows));
  process.stdout.write(
    `${JSON.stringify({
      name: 'pipeline',
      ratio: round(ratio, 3),
      target: TARGET,
      value: Math.round(value),
      limit: Math.round(median(judged.map(({ limitPerS }) => limitPerS))),
      unit: 'records/s, TCP to committed row',
      rows,
      conditions: {
        ...machine(),
        limitIs:
          'one staged binary COPY of 100,000 rows, repeats dropped, by a bare client, on the same server',
        recordsAFrame: RECORDS_A_FRAME,
        ioElements: 12,
        rounds: ROUNDS,
        windowMs: WINDOW_MS,
        appendfsync: 'always',
        loadBefore: round(loadBefore, 1),
        loadAfter: round(loadavg()[0] ?? NaN, 1),
      },
    })}\n`,
  );
}

function table(rows: readonly RunFigures[]): string {
  const header = [
    'devices',
    'rows before',
    'records/s',
    'ack p50/95/99',
    'row p50/95/99',
    'live p50/95/99',
    'CPU us',
  ];
  const lines = rows.map(({ devices, tableRows, recordsPerS, ackMs, committedMs, liveMs, cpuUs }) => [
    String(devices),
    String(tableRows),
    String(Math.round(recordsPerS)),
    ...[ackMs, committedMs, liveMs].map(({ p50, p95, p99 }) =>
      [p50, p95, p99].map((ms) => ms.toFixed(0)).join('/'),
    ),
    Object.entries(cpuUs)
      .map(([part, us]) => `${part} ${us.toFixed(1)}`)
      .join(', '),
  ]);
  return [header, ...lines].map((cells) => cells.map((cell) => cell.padEnd(17)).join('')).join('\n');
}

const [, , role] = process.argv;
if (role === LOAD_ROLE) serveLoad();
else void (role === 'steady' ? steady() : main());
