import { newTopic, numbered, numbersOf, type BenchOf } from './bench';

export function describePublishingOnce(bench: BenchOf): void {
  describe('publishing once', () => {
    const messages = (...numbers: number[]) =>
      numbers.map((n) => ({ dedupeId: `push:${n}:user`, fields: numbered(n) }));
    const publish = (stream: string, ...numbers: number[]) =>
      bench().a.publishOnce({ stream, windowMs: 60_000, messages: messages(...numbers) });

    it('answers a repeat with the first entry, from any client, also within one call', async () => {
      const stream = newTopic();
      const first = await publish(stream, 1, 2, 1);
      const [one, two] = first;
      expect(first).toEqual([
        { entryId: expect.any(String) as string, isNew: true },
        { entryId: expect.any(String) as string, isNew: true },
        { ...one, isNew: false },
      ]);
      const again = { stream, windowMs: 60_000, messages: messages(2, 3, 1) };
      expect(await bench().b.publishOnce(again)).toEqual([
        { ...two, isNew: false },
        { entryId: expect.any(String) as string, isNew: true },
        { ...one, isNew: false },
      ]);
      expect(numbersOf(await bench().a.range(stream, '-', '+', 99))).toEqual([1, 2, 3]);
    });

    it('takes many in one call and dedupes by stream', async () => {
      const [one, two] = [newTopic(), newTopic()];
      const numbers = Array.from({ length: 450 }, (_, i) => i);
      expect(await publish(one, ...numbers)).toHaveLength(450);
      expect((await publish(two, 1)).every((result) => 'isNew' in result && result.isNew)).toBe(true);
      expect(numbersOf(await bench().a.range(one, '-', '+', 999))).toEqual(numbers);
    });

    it('adds again once the window has passed', async () => {
      const stream = newTopic();
      const call = { stream, windowMs: 1, messages: messages(1) };
      const results = [];
      // The window ends by the store's clock, which nothing here can turn: ask until it has.
      do results.push(...(await bench().a.publishOnce(call)));
      while (results.filter((result) => 'isNew' in result && result.isNew).length < 2);
      expect(results.length).toBeGreaterThanOrEqual(2);
    });

    it('tells which message was refused and publishes the others', async () => {
      const stream = newTopic();
      const [one, two] = messages(1, 2);
      if (!one || !two) throw new Error('two messages were made');
      const call = { stream, windowMs: 60_000, messages: [{ ...one, fields: {} }, two] };
      expect(await bench().a.publishOnce(call)).toEqual([
        { error: expect.any(String) as string },
        { entryId: expect.any(String) as string, isNew: true },
      ]);
      expect(await publish(stream, 1)).toMatchObject([{ isNew: true }]);
    });
  });
}
