import { randomInt } from 'node:crypto';
import { COMMAND_GROUP, connectionKey, deviceCommandsStream } from '../../contracts';
import { type BenchOf, numbered, readAs } from './bench';

const newImei = (): string => String(randomInt(1e14, 2e14));
const ONE = 'host:1';
const OTHER = 'host:2';
const TTL_MS = 60_000;

export function describeConnections(bench: BenchOf): void {
  describe('connections', () => {
    const claim = (imei: string, instance = ONE, ttlMs = TTL_MS) =>
      bench().a.claimConnection({ imei, instance, ttlMs });
    const keep = async (imei: string, epoch: bigint | undefined, instance = ONE) => {
      const [kept] = await bench().a.keepConnections({ instance, ttlMs: TTL_MS, held: [{ imei, epoch }] });
      return kept;
    };

    it('belong to the newest claim, which learns whom it replaced', async () => {
      const imei = newImei();
      expect(await bench().a.findConnection(imei)).toBeUndefined();
      const first = await claim(imei);
      expect(first).toEqual({ epoch: expect.any(BigInt) as bigint, hasCommands: false });
      expect(await bench().b.findConnection(imei)).toEqual({ instance: ONE, epoch: first.epoch });
      const second = await claim(imei, OTHER);
      expect(second.epoch).toBeGreaterThan(first.epoch);
      expect(second.replaced).toEqual({ instance: ONE, epoch: first.epoch });
      expect(await bench().b.findConnection(imei)).toEqual({ instance: OTHER, epoch: second.epoch });
    });

    it('have one winner, and epochs that differ, when many claim at once', async () => {
      const imei = newImei();
      const clients = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? bench().a : bench().b));
      const claims = await Promise.all(
        clients.map((streams, i) => streams.claimConnection({ imei, instance: `host:${i}`, ttlMs: TTL_MS })),
      );
      const epochs = claims.map(({ epoch }) => epoch);
      expect(new Set(epochs).size).toBe(20);
      const newest = epochs.reduce((a, b) => (a > b ? a : b));
      expect(await bench().a.findConnection(imei)).toMatchObject({ epoch: newest });
      expect(claims.filter(({ replaced }) => replaced === undefined)).toHaveLength(1);
    });

    it('are released by their own epoch only', async () => {
      const imei = newImei();
      const old = await claim(imei);
      const fresh = await claim(imei, OTHER);
      await bench().a.releaseConnection(imei, old.epoch);
      expect(await bench().a.findConnection(imei)).toMatchObject({ instance: OTHER });
      await bench().a.releaseConnection(imei, fresh.epoch);
      expect(await bench().a.findConnection(imei)).toBeUndefined();
      expect((await claim(imei)).epoch).toBeGreaterThan(fresh.epoch);
    });

    it('tell the one that was replaced, and put back what the store has lost', async () => {
      const imei = newImei();
      const old = await claim(imei);
      expect(await keep(imei, old.epoch)).toEqual({ kind: 'kept', epoch: old.epoch, hasCommands: false });
      const fresh = await claim(imei, OTHER);
      const by = { instance: OTHER, epoch: fresh.epoch };
      expect(await keep(imei, old.epoch)).toEqual({ kind: 'lost', by });
      expect(await keep(imei, undefined)).toEqual({ kind: 'lost', by });
      await bench().surgery.deleteKey(connectionKey(imei));
      expect(await keep(imei, fresh.epoch, OTHER)).toMatchObject({ kind: 'kept', epoch: fresh.epoch });
      expect(await bench().b.findConnection(imei)).toEqual(by);
    });

    it('can be made by keeping where a claim failed, and take up a claim whose answer was lost', async () => {
      const imei = newImei();
      const made = await keep(imei, undefined);
      expect(made).toMatchObject({ kind: 'kept' });
      expect(await keep(imei, undefined)).toEqual(made);
    });

    it('expire when nobody keeps them', async () => {
      const imei = newImei();
      const { epoch } = await claim(imei, ONE, 1);
      // By the store's clock, which nothing here can turn: ask until it has.
      while ((await bench().a.findConnection(imei)) !== undefined);
      const next = await claim(imei, OTHER);
      expect(next.replaced).toBeUndefined();
      expect(next.epoch).toBeGreaterThan(epoch);
    });

    it('say whether commands wait: new ones, and those that were handed out and not settled', async () => {
      const imei = newImei();
      const stream = deviceCommandsStream(imei);
      await bench().b.append(stream, numbered(1));
      const { epoch, hasCommands } = await claim(imei);
      expect(hasCommands).toBe(true);
      const read = await readAs(bench().a, stream, { group: COMMAND_GROUP, epoch });
      expect(await keep(imei, epoch)).toMatchObject({ hasCommands: true });
      const ids = read.entries.map(({ id }) => id);
      await bench().a.ackOwned({ stream, group: COMMAND_GROUP, epoch, ids });
      expect(await keep(imei, epoch)).toMatchObject({ hasCommands: false });
      await bench().b.append(stream, numbered(2));
      expect(await keep(imei, epoch)).toMatchObject({ hasCommands: true });
    });
  });
}
