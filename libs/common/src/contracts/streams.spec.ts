import { OUTBOX_PARTS, partOf, shardOf } from './sharding';
import { companionKey, telemetryDeadLetterStream, telemetryStream } from './streams';

describe('stream names', () => {
  it('put a shard, its dead letters and its companions into one slot', () => {
    const tag = (key: string) => /\{(.+?)\}/.exec(key)?.[1];
    expect(tag(telemetryStream(3))).toBe('3');
    expect(tag(telemetryDeadLetterStream(3))).toBe('3');
    expect(companionKey(telemetryStream(3), 'own')).toBe('telemetry:teltonika:{3}:own');
  });

  it('make the whole name the tag where a stream has none', () => {
    expect(companionKey('fleet:events', 'mark:2')).toBe('{fleet:events}:mark:2');
  });

  it('shard by crc32, whose check value is 0xCBF43926', () => {
    expect(shardOf('123456789', 2 ** 32)).toBe(0xcbf43926);
    expect(partOf('123456789')).toBe(0xcbf43926 % OUTBOX_PARTS);
  });
});
