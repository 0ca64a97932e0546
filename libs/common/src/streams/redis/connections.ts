import { COMMAND_GROUP, connectionKey, deviceCommandsStream } from '../../contracts';
import holdConnection from '../lua/hold-connection.lua';
import releaseConnection from '../lua/release-connection.lua';
import {
  type ClaimConnectionRequest,
  type ClaimedConnection,
  type Connection,
  type ConnectionRegistry,
  type KeepConnectionsRequest,
  type KeptConnection,
} from '../port';
import { type RedisNodes } from './nodes';
import { ReplyReader } from './reply';
import { Script, type Argument } from './script';
import { refused } from './stream-error';

const scripts = { hold: new Script(holdConnection), release: new Script(releaseConnection) };

const keysOf = (imei: string): string[] => [connectionKey(imei), deviceCommandsStream(imei)];

export class RedisConnectionRegistry implements ConnectionRegistry {
  constructor(private readonly commands: RedisNodes) {}

  async claimConnection({ imei, instance, ttlMs }: ClaimConnectionRequest): Promise<ClaimedConnection> {
    const reply = await this.hold(imei, ['claim', instance, ttlMs, COMMAND_GROUP, '']);
    if (reply.text() !== 'held') throw refused('a connection was claimed and not given');
    const claimed = { epoch: BigInt(reply.text()), hasCommands: reply.integer() > 0 };
    const before = reply.text();
    if (before === '') return claimed;
    return { ...claimed, replaced: { instance: before, epoch: BigInt(reply.text()) } };
  }

  keepConnections({ instance, ttlMs, held }: KeepConnectionsRequest): Promise<readonly KeptConnection[]> {
    return Promise.all(
      held.map(async ({ imei, epoch }): Promise<KeptConnection> => {
        const args = ['keep', instance, ttlMs, COMMAND_GROUP, epoch?.toString() ?? ''];
        const reply = await this.hold(imei, args);
        if (reply.text() === 'held') {
          return { kind: 'kept', epoch: BigInt(reply.text()), hasCommands: reply.integer() > 0 };
        }
        return { kind: 'lost', by: { instance: reply.text(), epoch: BigInt(reply.text()) } };
      }),
    );
  }

  async releaseConnection(imei: string, epoch: bigint): Promise<void> {
    const keys = [connectionKey(imei)];
    await this.commands.run(connectionKey(imei), (redis) =>
      scripts.release.run(redis, keys, [epoch.toString()]),
    );
  }

  async findConnection(imei: string): Promise<Connection | undefined> {
    const [instance, epoch] = await this.commands.run(connectionKey(imei), (redis) =>
      redis.hmget(connectionKey(imei), 'instance', 'epoch'),
    );
    if (typeof instance !== 'string' || typeof epoch !== 'string') return undefined;
    return { instance, epoch: BigInt(epoch) };
  }

  private async hold(imei: string, args: readonly Argument[]): Promise<ReplyReader> {
    return new ReplyReader(
      await this.commands.run(connectionKey(imei), (redis) => scripts.hold.run(redis, keysOf(imei), args)),
    );
  }
}
