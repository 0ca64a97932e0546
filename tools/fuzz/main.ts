import { parseArgs } from 'node:util';
import { corpus } from './corpus';
import { mutate, Random } from './mutate';
import { guarded, outcomeOf, TARGETS } from './targets';

const DEFAULT_SECONDS = 60;
/** No target may take longer over one input, which is at most a few kilobytes; generous, for a busy machine. */
const HANG_MS = 2_000;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Mutated frames through every decoder for so many seconds. Status 1, with the bytes, at the first finding. */
function main(): void {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
  const seconds = Number(values.seconds ?? DEFAULT_SECONDS);
  const seed = Number(values.seed ?? Date.now() % 0xffff_ffff);
  if (!(seconds > 0) || !Number.isInteger(seed)) {
    say('usage: npm run fuzz -- [--seconds 60] [--seed 1]');
    process.exitCode = 2;
    return;
  }
  say(`fuzz: seed ${seed}, ${seconds} s`);
  const counts = run(seed, seconds * 1_000);
  if (counts === undefined) process.exitCode = 1;
  else process.stdout.write(`${JSON.stringify({ name: 'fuzz', seed, seconds, ...counts })}\n`);
}

interface Counts {
  readonly inputs: number;
  readonly targets: Record<string, { accepted: number; refused: number }>;
}

function run(seed: number, budgetMs: number): Counts | undefined {
  const frames = corpus();
  const random = new Random(seed);
  const targets = Object.fromEntries(Object.keys(TARGETS).map((name) => [name, { accepted: 0, refused: 0 }]));
  let inputs = 0;
  for (const startMs = performance.now(); performance.now() - startMs < budgetMs; inputs++) {
    const bytes = mutate(frames, random);
    for (const [name, counts] of Object.entries(targets)) {
      const finding = tryOne(name, bytes, random.below(0xffff_ffff), counts);
      if (finding === undefined) continue;
      say(`fuzz: input ${inputs} of seed ${seed}: ${name}: ${finding}\n${bytes.toString('hex')}`);
      return undefined;
    }
  }
  return { inputs, targets };
}

/** What is wrong, or undefined. The same bytes in other surroundings have to fare the same. */
function tryOne(
  name: string,
  bytes: Buffer,
  seed: number,
  counts: { accepted: number; refused: number },
): string | undefined {
  const target = TARGETS[name];
  if (target === undefined) return 'no such target';
  const startMs = performance.now();
  try {
    const outcome = outcomeOf(target, guarded(bytes, 0x00), new Random(seed));
    const elsewhere = outcomeOf(target, guarded(bytes, 0xff), new Random(seed));
    if (outcome !== elsewhere) return 'the answer depends on what is around the bytes';
    counts[outcome]++;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const tookMs = performance.now() - startMs;
  return tookMs > HANG_MS ? `took ${Math.round(tookMs)} ms` : undefined;
}

main();
