import { type OutboxDraft, partOf } from '@app/common/contracts';
import { type Transaction } from '@app/common/database';
import { append, appendBatch } from '@app/common/outbox';
import { type OncePublisher } from '@app/common/streams';
import { eventually, signal } from '@app/common/testing';
import { BEHIND, inKeyOrder, message, published, Relay, type RelayOptions, spec } from './relay.testing';
import { RelaySuite } from './relay-suite.testing';

const suite = new RelaySuite();
const relay = (options?: Partial<RelayOptions>): Promise<Relay> => suite.relay(options);
const commit = (...drafts: OutboxDraft[]): Promise<void> => suite.commit(...drafts);
const isPublished = async (count: number): Promise<boolean> =>
  (await published(suite.streams)).length >= count;
const drained = (count: number) =>
  eventually(
    async () =>
      (await isPublished(count)) && (await suite.admin.query<{ behind: number }>(BEHIND))[0]?.behind === 0,
    {
      what: `${count} messages to be published`,
      timeoutMs: 20_000,
    },
  );

/** A transaction that a spec steps through. */
function open() {
  const steps: ((transaction: Transaction) => Promise<void>)[] = [];
  const [more, did] = [signal('step'), signal('step done')];
  let over = false;
  const ended = suite.producer.transaction(async (transaction) => {
    for (;;) {
      await more.next(20_000);
      const step = steps.shift();
      if (step !== undefined) await step(transaction);
      did.emit();
      if (over) return;
    }
  });
  // Reported where it is awaited; a spec that fails before that is reported for what it failed for.
  ended.catch(() => undefined);
  const run = async (step: (transaction: Transaction) => Promise<void>): Promise<void> => {
    steps.push(step);
    more.emit();
    await did.next();
  };
  return {
    append: (...drafts: OutboxDraft[]) => run((transaction) => appendBatch(transaction, drafts)),
    takeXid: () =>
      run(async (transaction) => void (await transaction.query(spec('SELECT pg_current_xact_id()')))),
    commit: async () => {
      over = true;
      more.emit();
      await ended;
    },
  };
}

/** Keys whose part is this one. */
function keysOf(part: number, count: number): string[] {
  const keys: string[] = [];
  for (let index = 0; keys.length < count; index += 1)
    if (partOf(`k${index}`) === part) keys.push(`k${index}`);
  return keys;
}

const behind = async (): Promise<number> =>
  (await suite.admin.query<{ behind: number }>(BEHIND))[0]?.behind ?? 0;
const commitMany = (key: string, from: number, count: number): Promise<void> =>
  commit(...Array.from({ length: count }, (_, index) => message(key, from + index)));

describe('The cursor', () => {
  it('follows what is out, and is saved after a while and on a stop', async () => {
    const one = await relay({ saveEveryMs: 300 });
    await commitMany('k', 0, 20);
    await drained(20);
    await one.stop();
    const late = await relay({ saveEveryMs: 60_000 });
    await commitMany('k', 20, 20);
    await eventually(() => isPublished(40), { what: 'what is behind a cursor that was not saved' });
    await commitMany('k', 40, 20);
    await eventually(() => isPublished(60), { what: 'more of it' });
    expect(await behind()).toBe(40);
    await late.service.stop();
    expect(await behind()).toBe(0);
    expect(inKeyOrder(await published(suite.streams))).toHaveLength(60);
  });

  it('is not missed by the next owner of one that died without saving it: nothing goes out twice', async () => {
    const one = await relay({ saveEveryMs: 60_000 });
    await commitMany('k', 0, 40);
    await eventually(() => isPublished(40), { what: 'all to be published' });
    one.crash();
    expect(await behind()).toBe(40);
    await relay();
    await commitMany('k', 40, 1);
    await drained(41);
    expect(inKeyOrder(await published(suite.streams))).toHaveLength(41);
  });
});

describe('The log lane', () => {
  it('publishes what many transactions commit side by side: each once, each key in its order', async () => {
    await relay();
    const keys = Array.from({ length: 12 }, (_, index) => `key ${index}`);
    const expected: string[] = [];
    await Promise.all(
      keys.map(async (key) => {
        for (let sequence = 0; sequence < 40;) {
          const batch = Array.from({ length: 1 + (sequence % 4) }, () => message(key, sequence++));
          expected.push(...batch.map((_, index) => `${key}#${sequence - batch.length + index}`));
          await commit(...batch);
        }
      }),
    );
    await drained(expected.length);
    expect(inKeyOrder(await published(suite.streams))).toEqual(expected.sort());
  }, 30_000);

  it('loses nothing to commits in another order than their ids, xids, and a writer that stays open', async () => {
    // One message a step: a limit that cuts by another order than the cursor's would lose what it skips.
    const { database } = await relay({ batch: 1 });
    const [a, b, c] = keysOf(3, 3);
    if (a === undefined || b === undefined || c === undefined) throw new Error('no keys');
    // First to take an xid, last to take an id, last to commit.
    const long = open();
    await long.takeXid();
    const [first, second] = [open(), open()];
    await first.append(message(a, 0));
    await second.append(message(b, 0), message(b, 1));
    await second.commit();
    await long.append(message(c, 0));
    await first.commit();
    await commit(message(b, 2));
    // Nothing may pass the open writer in this part: its message lies in front of all of these.
    const reads = database.reads;
    await eventually(() => database.reads > reads + 6, { what: 'the relay to look some more' });
    expect(await published(suite.streams)).toEqual([]);
    await long.commit();
    await drained(5);
    expect(inKeyOrder(await published(suite.streams))).toEqual(
      [a, b, b, b, c].map((key, index) => `${key}#${[0, 0, 1, 2, 0][index]}`).sort(),
    );
  });

  it('publishes nothing of what is rolled back', async () => {
    await relay();
    const failing = suite.producer.transaction(async (transaction) => {
      await append(transaction, message('k', 0));
      throw new Error('the rule failed');
    });
    await expect(failing).rejects.toThrow();
    await commit(message('k', 1));
    await drained(1);
    expect(inKeyOrder(await published(suite.streams))).toEqual(['k#1']);
  });

  it('is woken by the commit: it does not wait for its poll', async () => {
    const { database } = await relay({ pollMs: 600_000, leaseTimeMs: 30_000 });
    // Rests double: after this long without a look, the next one by itself is as far away.
    const atRest = async (): Promise<void> => {
      let [reads, since] = [-1, 0];
      await eventually(
        () => {
          if (database.reads !== reads) [reads, since] = [database.reads, performance.now()];
          return performance.now() - since > 700;
        },
        { what: 'the lanes to go to rest' },
      );
    };
    for (let sequence = 0; sequence < 3; sequence += 1) {
      await atRest();
      await commit(message('k', sequence));
      const committedAt = performance.now();
      await drained(sequence + 1);
      expect(performance.now() - committedAt).toBeLessThan(400);
    }
  }, 20_000);

  it('gives a message up that is none, which holds its key and nothing else', async () => {
    await relay();
    const [bad, beside] = keysOf(5, 2);
    if (bad === undefined || beside === undefined) throw new Error('no keys');
    await commit(message(bad, 0), message(beside, 0));
    await suite.producer.transaction(async (transaction) => {
      await append(transaction, message(beside, 1));
      await transaction.query(
        spec(`INSERT INTO outbox.message (generation, part, topic, key, event_id, tenant_id, traceparent, payload)
              VALUES (1, 5, 'no:such:stream', $1, gen_random_uuid(), 'default', 't', '{}')`),
        [bad],
      );
      await appendBatch(transaction, [message(bad, 1), message(beside, 2)]);
    });
    await commit(message(bad, 2), message(beside, 3));
    await drained(5);
    expect(inKeyOrder(await published(suite.streams))).toEqual(
      [`${bad}#0`, ...[0, 1, 2, 3].map((sequence) => `${beside}#${sequence}`)].sort(),
    );
    const letters = spec('SELECT reason, key, last_error FROM outbox.dead_letter');
    await eventually(async () => (await suite.admin.query(letters)).length === 1, { what: 'the letter' });
    expect(await suite.admin.query(letters)).toEqual([
      { reason: 'rejected', key: bad, last_error: 'topic no:such:stream is none of ours' },
    ]);
    // What an operator's skip does.
    await suite.admin.query(
      spec(`UPDATE outbox.retry SET state = 'skipped', closed_at = now() WHERE state = 'dead'`),
    );
    await drained(7);
    await commit(message(bad, 3));
    await drained(8);
    expect(
      inKeyOrder(await published(suite.streams)).filter((each) => each.startsWith(`${bad}#`)),
    ).toHaveLength(4);
  });

  it('finishes what it publishes when it is stopped, and leaves the rest to the next one', async () => {
    const [publishing, go] = [signal('publishing'), signal('go on')];
    const slow: OncePublisher = {
      claimMark: (request) => suite.streams.claimMark(request),
      publishRetried: (request) => suite.streams.publishRetried(request),
      publishOnce: (request) => suite.streams.publishOnce(request),
      publishMarked: async (request) => {
        publishing.emit();
        await go.next();
        return suite.streams.publishMarked(request);
      },
    };
    const first = await relay({ streams: slow, batch: 2, leaseTimeMs: 30_000 });
    await commit(...[0, 1, 2, 3, 4].map((sequence) => message('k', sequence)));
    await publishing.next();
    const stopped = suite.stop(first);
    go.emit();
    await stopped;
    expect(inKeyOrder(await published(suite.streams))).toEqual(['k#0', 'k#1']);
    expect(await suite.admin.query(BEHIND)).toEqual([{ behind: 3 }]);
    await relay({ leaseTimeMs: 30_000 });
    await drained(5);
    expect(inKeyOrder(await published(suite.streams))).toHaveLength(5);
  });

  it('is shared by two relays, one of which stops and one of which dies on the way', async () => {
    const [dying, stopping] = [await relay(), await relay()];
    const expected: string[] = [];
    const produce = async (from: number, to: number): Promise<void> => {
      for (let sequence = from; sequence < to; sequence += 1) {
        const keys = Array.from({ length: 16 }, (_, index) => `key ${index}`);
        expected.push(...keys.map((key) => `${key}#${sequence}`));
        await commit(...keys.map((key) => message(key, sequence)));
      }
    };
    await produce(0, 5);
    await eventually(() => [dying, stopping].every(({ ownership }) => ownership.usable().length === 8), {
      what: 'both to own 8',
    });
    await Promise.all([produce(5, 15), suite.stop(stopping)]);
    const joining = relay();
    await produce(15, 20);
    dying.crash();
    await Promise.all([produce(20, 30), joining]);
    await drained(expected.length);
    expect(inKeyOrder(await published(suite.streams))).toEqual(expected.sort());
  }, 30_000);

  it('fences off a relay that froze in the middle of publishing past its lease', async () => {
    const [frozen, thaw] = [signal('about to publish'), signal('thaw')];
    const answers: string[] = [];
    const freezing: OncePublisher = {
      claimMark: (request) => suite.streams.claimMark(request),
      publishRetried: (request) => suite.streams.publishRetried(request),
      publishOnce: (request) => suite.streams.publishOnce(request),
      publishMarked: async (request) => {
        frozen.emit();
        await thaw.next(20_000);
        const answer = await suite.streams.publishMarked(request);
        answers.push(answer.kind);
        return answer;
      },
    };
    const zombie = await relay({ streams: freezing });
    await commit(message('k', 0));
    await frozen.next();
    zombie.crash();
    await relay();
    await drained(1);
    await commit(message('k', 1));
    await drained(2);
    zombie.database.dead = false;
    thaw.emit();
    await eventually(() => answers.length > 0, { what: 'the answer to the zombie' });
    expect(answers).toEqual(['fenced']);
    expect(inKeyOrder(await published(suite.streams))).toEqual(['k#0', 'k#1']);
  });
});
