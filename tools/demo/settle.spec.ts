import { differencesOf, type Evidence, type Promises } from './balance';
import { settle } from './settle';

const PROMISES: Promises = {
  records: new Map([
    ['r1', { isAcked: true }],
    ['r2', { isAcked: true }],
  ]),
  ...{ events: new Map(), undecodable: new Map(), unackedFrames: [], wrongAnswers: [] },
};

const evidenceOf = (rows: readonly string[]): Evidence => ({
  ...{ rows, events: [], fleetEvents: [], intents: [], notifications: [], routes: [], push: [], mail: [] },
  deadLetters: [],
});

/** Gives one list of rows after the other, the last one for ever. */
async function settleOver(arrivals: string[][], patienceMs: number, signal = new AbortController().signal) {
  const seen: number[] = [];
  const accounts = await settle({
    promises: () => Promise.resolve(PROMISES),
    evidence: () => Promise.resolve(evidenceOf((arrivals.length > 1 ? arrivals.shift() : arrivals[0]) ?? [])),
    onProgress: (share) => seen.push(share),
    ...{ patienceMs, signal },
  });
  return { open: differencesOf(accounts).map(({ key }) => key), seen };
}

it('ends as soon as the balance is even', async () => {
  const { open, seen } = await settleOver([[], ['r1'], ['r1', 'r2']], 60_000);
  expect(open).toEqual([]);
  expect(seen).toEqual([0, 0.5, 1]);
});

it('waits for longer than its patience as long as something arrives', async () => {
  const { open } = await settleOver([[], ['r1'], ['r1', 'r2']], 100);
  expect(open).toEqual([]);
});

it('gives up when nothing more arrives, and says what is open', async () => {
  const { open } = await settleOver([[], ['r1']], 100);
  expect(open).toEqual(['r2']);
});

it('ends at once when it is told to', async () => {
  const { open, seen } = await settleOver([[]], 60_000, AbortSignal.abort());
  expect(open).toEqual(['r1', 'r2']);
  expect(seen).toHaveLength(1);
});
