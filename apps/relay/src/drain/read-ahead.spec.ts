import pino from 'pino';
import { encodeMark, OUTBOX_START, type OutboxPosition } from '@app/common/contracts';
import { type OutboxMessage, type PartMessages, type ReadPlace } from './cursor-table';
import { ReadAhead, type ReadPart } from './read-ahead';

const LIMIT = 2;
const silent = pino({ level: 'silent' });
const at = (id: number): OutboxPosition =>
  id === 0 ? OUTBOX_START : { generation: 1n, xid: 1n, id: BigInt(id) };

function message(part: number, id: number): OutboxMessage {
  const position = at(id);
  return {
    ...{ part, position, mark: encodeMark(position), topic: 't', key: 'k', eventId: String(id) },
    ...{ traceparent: '', payload: '{}', createdAt: new Date(0) },
  };
}

/** Parts of ten messages each, with ids from 1. */
class Table {
  readonly asked: string[] = [];
  failing = false;

  read = (places: readonly ReadPlace[], limit: number): Promise<ReadonlyMap<number, PartMessages>> => {
    this.asked.push(places.map(({ cursor, after }) => `${cursor.part}>${after.id}`).join(' '));
    if (this.failing) return Promise.reject(new Error('no answer'));
    const found = places.map(({ cursor: { part }, after }) => {
      const ids = Array.from({ length: 10 }, (_, index) => index + 1).filter((id) => BigInt(id) > after.id);
      return [part, { inPlace: true, messages: ids.slice(0, limit).map((id) => message(part, id)) }] as const;
    });
    return Promise.resolve(new Map(found.filter(([, { messages }]) => messages.length > 0)));
  };
}

class StandingPart implements ReadPart {
  constructor(
    private readonly part: number,
    public id = 0,
  ) {}

  get cursor() {
    return { part: this.part, position: at(this.id), acknowledged: new Map() };
  }

  get upTo() {
    return at(this.id);
  }
}

const idsOf = (found: ReadonlyMap<number, PartMessages>) =>
  Object.fromEntries(
    [...found].map(([part, { messages }]) => [part, messages.map(({ eventId }) => Number(eventId))]),
  );

describe('Reading ahead', () => {
  const setUp = () => {
    const table = new Table();
    return { table, reading: new ReadAhead(table, LIMIT, silent) };
  };

  it('has the next batch when the step ended where it was expected to', async () => {
    const { table, reading } = setUp();
    const parts = [new StandingPart(0), new StandingPart(1, 4)];
    const found = await reading.read(parts);
    reading.begin(parts, found);
    for (const part of parts) part.id += LIMIT;
    expect(idsOf(await reading.read(parts))).toEqual({ 0: [3, 4], 1: [7, 8] });
    expect(table.asked).toEqual(['0>0 1>4', '0>2 1>6']);
  });

  it('is thrown away of a part that ended elsewhere, and of one that was claimed anew', async () => {
    const { table, reading } = setUp();
    const [refused, lost, fine] = [new StandingPart(0), new StandingPart(1), new StandingPart(2)];
    const found = await reading.read([refused, lost, fine]);
    reading.begin([refused, lost, fine], found);
    refused.id = 1;
    fine.id = 2;
    const claimed = new StandingPart(1, 2);
    expect(idsOf(await reading.read([refused, claimed, fine]))).toEqual({ 0: [2, 3], 1: [3, 4], 2: [3, 4] });
    expect(table.asked.at(-1)).toBe('0>1 1>2');
  });

  it('is used once: a step that is repeated reads again', async () => {
    const { table, reading } = setUp();
    const part = new StandingPart(0);
    reading.begin([part], await reading.read([part]));
    part.id = 2;
    await reading.read([part]);
    await reading.read([part]);
    expect(table.asked).toEqual(['0>0', '0>2', '0>2']);
  });

  it('does not look behind the last messages, where there may be more by the time they are published', async () => {
    const { table, reading } = setUp();
    const part = new StandingPart(0, 9);
    reading.begin([part], await reading.read([part]));
    part.id = 10;
    expect(idsOf(await reading.read([part]))).toEqual({});
    expect(table.asked).toEqual(['0>9', '0>10']);
  });

  it('that failed is read again in its turn', async () => {
    const { table, reading } = setUp();
    const part = new StandingPart(0);
    const found = await reading.read([part]);
    table.failing = true;
    reading.begin([part], found);
    table.failing = false;
    part.id = 2;
    expect(idsOf(await reading.read([part]))).toEqual({ 0: [3, 4] });
  });
});
