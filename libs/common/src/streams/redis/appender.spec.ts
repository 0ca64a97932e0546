import { RedisAppender } from './appender';
import { type WriteLines } from './lines';
import { type TransactionBuffer } from './transaction-buffer';
import { type LineResult } from './write-line';

const STREAM = 'telemetry:teltonika:{0}';
const MOST_IN_FLIGHT = 2;

interface Write {
  readonly entries: number;
  answer(): void;
  fail(): void;
}

/** A line that says what is written and answers when it is told to. */
class ScriptedLines implements WriteLines {
  readonly mostInFlight = MOST_IN_FLIGHT;
  readonly isReady = true;
  readonly writes: Write[] = [];

  laneOf(): string {
    return '';
  }

  write(_stream: string, { count }: TransactionBuffer): Promise<readonly LineResult[]> {
    return new Promise((resolve, reject) => {
      this.writes.push({
        entries: count,
        answer: () => resolve(Array.from({ length: count }, (_, index) => `1-${index}`)),
        fail: () => reject(new Error('no answer')),
      });
    });
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const turn = (): Promise<void> => new Promise((turned) => setImmediate(turned));

function appending(): { lines: ScriptedLines; append: (count: number) => void; told: string[] } {
  const lines = new ScriptedLines();
  // Broadcasts alone need nodes.
  const nodes = { run: () => Promise.reject(new Error('not asked for')) };
  const series = new RedisAppender(lines, nodes).series(STREAM, { imei: '356307042441013' }, ['frame']);
  const told: string[] = [];
  const waiter = { appended: (id: string) => told.push(id), refused: () => told.push('refused') };
  const append = (count: number): void => {
    for (let number = 0; number < count; number += 1) series.append(['frame'], waiter);
  };
  return { lines, append, told };
}

it('writes what was appended in one turn at once, two writes at a time', async () => {
  const { lines, append } = appending();
  for (const count of [3, 1, 4, 2]) {
    append(count);
    await turn();
  }
  expect(lines.writes.map(({ entries }) => entries)).toEqual([3, 1]);
});

it('writes the entries that were held back before it passes on the answers that it waited for', async () => {
  const { lines, append, told } = appending();
  for (const count of [3, 1, 4, 2]) {
    append(count);
    await turn();
  }
  const toldBefore: number[] = [];
  const write = lines.write.bind(lines);
  jest.spyOn(lines, 'write').mockImplementation((stream, transaction) => {
    toldBefore.push(told.length);
    return write(stream, transaction);
  });
  lines.writes[0]?.answer();
  await turn();
  expect(lines.writes.map(({ entries }) => entries)).toEqual([3, 1, 6]);
  expect(toldBefore).toEqual([0]);
  expect(told).toEqual(['1-0', '1-1', '1-2']);
});

it('does not cut a turn short whose entries nobody held back', async () => {
  const { lines, append } = appending();
  append(1);
  await turn();
  append(2);
  lines.writes[0]?.answer();
  for (let step = 0; step < 10; step += 1) await Promise.resolve();
  append(3);
  await turn();
  expect(lines.writes.map(({ entries }) => entries)).toEqual([1, 5]);
});

it('refuses what stands behind a write that failed, and goes on with the next', async () => {
  const { lines, append, told } = appending();
  for (const count of [1, 1, 2]) {
    append(count);
    await turn();
  }
  lines.writes[0]?.fail();
  await turn();
  expect(told).toEqual(['refused', 'refused', 'refused']);
  lines.writes[1]?.answer();
  await turn();
  append(1);
  await turn();
  expect(lines.writes.map(({ entries }) => entries)).toEqual([1, 1, 1]);
  lines.writes[2]?.answer();
  await turn();
  expect(told.slice(3)).toEqual(['1-0', '1-0']);
});
