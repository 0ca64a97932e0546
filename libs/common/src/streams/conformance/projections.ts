import { DEVICE_REGISTRY_COMPLETE } from '../../contracts';
import { newTopic, type BenchOf } from './bench';

export function describeProjections(bench: BenchOf): void {
  describe('projections', () => {
    it('is not complete before it is said to be', async () => {
      const name = newTopic();
      expect(await bench().a.readProjection(name, 'x')).toEqual({ complete: false });
      expect(await bench().a.writeProjection(name, { set: { x: '1' }, remove: [] })).toEqual({
        complete: false,
      });
      expect(await bench().b.readProjection(name, 'x')).toEqual({ complete: false, value: '1' });
      await bench().a.writeProjection(name, { set: {}, remove: [] }, true);
      expect(await bench().b.readProjection(name, 'y')).toEqual({ complete: true });
    });

    it('applies changes and stays what it was', async () => {
      const name = newTopic();
      await bench().a.replaceProjection(name, [
        ['x', '1'],
        ['y', '2'],
      ]);
      const changes = { set: { x: '9', z: '3' }, remove: ['y', 'absent'] };
      expect(await bench().a.writeProjection(name, changes)).toEqual({ complete: true });
      expect(await bench().b.readProjection(name, 'x')).toEqual({ complete: true, value: '9' });
      expect(await bench().b.readProjection(name, 'y')).toEqual({ complete: true });
      expect(await bench().a.writeProjection(name, { set: {}, remove: [] }, false)).toEqual({
        complete: false,
      });
      expect(await bench().b.readProjection(name, 'z')).toEqual({ complete: false, value: '3' });
    });

    it('tells a follower that the store has lost it', async () => {
      const name = newTopic();
      await bench().a.replaceProjection(name, [['x', '1']]);
      await bench().surgery.deleteKey(name);
      expect(await bench().a.writeProjection(name, { set: { y: '2' }, remove: [] })).toEqual({
        complete: false,
      });
    });

    it('replaces as a whole: no reader sees a complete projection with entries missing', async () => {
      const name = newTopic();
      const field = (i: number): readonly [string, string] => [`imei${i}`, 'old'];
      const old = Array.from({ length: 3000 }, (_, i) => field(i));
      await bench().a.replaceProjection(name, old);
      const seen: string[] = [];
      let done = false;
      const reader = async () => {
        while (!done) {
          const { complete, value } = await bench().b.readProjection(name, 'imei2999');
          seen.push(complete ? (value ?? 'MISSING') : 'incomplete');
        }
      };
      const reading = reader();
      for (const version of ['a', 'b', 'c']) {
        await bench().a.replaceProjection(
          name,
          old.map(([imei]) => [imei, version] as const),
        );
      }
      done = true;
      await reading;
      expect(new Set(seen)).not.toContain('MISSING');
      expect(new Set(seen)).not.toContain('incomplete');
      await bench().a.replaceProjection(name, [['other', '1']]);
      expect(await bench().b.readProjection(name, 'imei1')).toEqual({ complete: true });
    });

    it('can be empty and complete', async () => {
      const name = newTopic();
      await bench().a.replaceProjection(name, []);
      expect(await bench().a.readProjection(name, 'x')).toEqual({ complete: true });
      expect((await bench().surgery.readHash(name))[DEVICE_REGISTRY_COMPLETE]).toBeDefined();
    });
  });
}
