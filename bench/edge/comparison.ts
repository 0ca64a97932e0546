import { type EdgeUnderTest } from './edge-under-test';
import { FULL, frameOf } from './frame';
import { cpuSeconds } from '../shared/process-figures';
import { median, say } from '../shared/figures';
import { MachineUse, useLine, type Use } from './machine-use';
import { Worker } from './roles';

/** Medians over the rounds. The ratios are medians of each round's own, so that noise between rounds is in neither. */
export interface Comparison {
  readonly connections: number;
  readonly barePerS: number;
  readonly alwaysPerS: number;
  readonly everysecPerS: number;
  readonly ratioAlways: number;
  readonly ratioEverysec: number;
  /** With `always`. */
  readonly ackP99Ms: number;
  /** CPU time of the server process for a frame; says more than frames a second where the machine is not ours alone. */
  readonly bareCpuUs: number;
  readonly alwaysCpuUs: number;
}

export interface ComparisonOptions {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly isTls: boolean;
}

type Variant = 'bare' | 'always' | 'everysec';
interface Sample {
  readonly use: Use;
  readonly perS: number;
  readonly cpuUs: number;
  readonly ackP99Ms: number;
}
type Round = Readonly<Record<Variant, Sample>>;

const VARIANTS: readonly Variant[] = ['bare', 'always', 'everysec'];
/** Until the compiler has seen enough of the edge to leave its hot path alone. */
const FIRST_WARM_UP_MS = 5_000;

/** Measures the bare server and the edge alternately, for one number of connections after the other. */
export async function compare(
  edge: EdgeUnderTest,
  connections: readonly number[],
  options: ComparisonOptions,
): Promise<Comparison[]> {
  const bare = new Worker('bare');
  const { tls } = edge;
  const port = await bare.listen({
    ...{ frameBytes: frameOf(FULL).length, ackCount: FULL.records },
    ...(options.isTls ? { tls } : {}),
  });
  const rows: Comparison[] = [];
  for (const count of connections) {
    const load = new Worker('load');
    await load.connect('bare', { port, isTls: options.isTls }, count, FULL);
    const edgePort = options.isTls ? edge.tlsPort : edge.port;
    await load.connect('edge', { port: edgePort, isTls: options.isTls }, count, FULL);
    await load.run('bare', 0, FIRST_WARM_UP_MS / 2);
    await load.run('edge', 0, FIRST_WARM_UP_MS);
    const rounds: Round[] = [];
    for (let number = 0; number < options.rounds; number += 1) {
      rounds.push(await measureRound(edge, bare, load, number, options));
      say(lineOf(count, rounds.at(-1)));
      if (process.env['BENCH_USE'] !== undefined)
        for (const v of VARIANTS) say(`  ${v.padEnd(9)} ${useLine(rounds.at(-1)?.[v].use)}`);
    }
    rows.push(summary(count, rounds));
    load.end();
  }
  bare.end();
  return rows;
}

/** Each variant once, in an order that moves on with the rounds: whoever comes first finds a rested machine. */
async function measureRound(
  edge: EdgeUnderTest,
  bare: Worker,
  load: Worker,
  number: number,
  { warmUpMs, windowMs }: ComparisonOptions,
): Promise<Round> {
  const samples: Partial<Record<Variant, Sample>> = {};
  for (let turn = 0; turn < VARIANTS.length; turn += 1) {
    const variant = VARIANTS[(turn + number) % VARIANTS.length] ?? 'bare';
    if (variant !== 'bare') await edge.setFsync(variant);
    const pid = variant === 'bare' ? bare.pid : edge.pid;
    const before = { cpu: cpuSeconds(pid), at: performance.now() };
    const use = await MachineUse.begin({ server: pid, load: load.pid, redis: edge.redisPid }, () =>
      edge.writes(),
    );
    const window = await load.run(variant === 'bare' ? 'bare' : 'edge', warmUpMs, windowMs);
    const tookS = (performance.now() - before.at) / 1000;
    samples[variant] = {
      use: await use.end(window.framesPerS),
      perS: window.framesPerS,
      cpuUs: ((cpuSeconds(pid) - before.cpu) / (window.framesPerS * tookS)) * 1e6,
      ackP99Ms: window.ackP99Ms,
    };
    if (variant !== 'bare') await edge.clear();
  }
  const { bare: limit, always, everysec } = samples;
  if (limit === undefined || always === undefined || everysec === undefined)
    throw new Error('a variant is missing');
  return { bare: limit, always, everysec };
}

function summary(connections: number, rounds: readonly Round[]): Comparison {
  const of = (figure: (round: Round) => number): number => median(rounds.map(figure));
  return {
    connections,
    barePerS: of(({ bare }) => bare.perS),
    alwaysPerS: of(({ always }) => always.perS),
    everysecPerS: of(({ everysec }) => everysec.perS),
    ratioAlways: of(({ bare, always }) => always.perS / bare.perS),
    ratioEverysec: of(({ bare, everysec }) => everysec.perS / bare.perS),
    ackP99Ms: of(({ always }) => always.ackP99Ms),
    bareCpuUs: of(({ bare }) => bare.cpuUs),
    alwaysCpuUs: of(({ always }) => always.cpuUs),
  };
}

function lineOf(count: number, round: Round | undefined): string {
  if (round === undefined) return '';
  const { bare, always, everysec } = round;
  const share = (sample: Sample): string => (sample.perS / bare.perS).toFixed(2);
  return `${count} connections: bare ${Math.round(bare.perS)}/s, always ${share(always)}, everysec ${share(everysec)}`;
}
