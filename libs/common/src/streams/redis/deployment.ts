import { companionKey } from '../../contracts';
import deploymentFact from '../lua/deployment-fact.lua';
import joinDeployment from '../lua/join-deployment.lua';
import { type DeploymentFact, type DeploymentFacts, type JoinRequest } from '../port';
import { type RedisNodes } from './nodes';
import { asText, ReplyReader } from './reply';
import { Script } from './script';

const scripts = {
  join: new Script(joinDeployment, { draining: true }),
  fact: new Script(deploymentFact, { draining: true }),
};

const keysOf = (name: string): string[] => [companionKey(name, 'value'), companionKey(name, 'members')];

export class RedisDeployment implements DeploymentFacts {
  constructor(private readonly commands: RedisNodes) {}

  async joinDeployment({ name, value, member }: JoinRequest): Promise<string> {
    const args = [value, member?.id ?? '', member?.ttlMs ?? 0];
    return asText(await this.commands.run(name, (redis) => scripts.join.run(redis, keysOf(name), args)));
  }

  async leaveDeployment(name: string, member: string): Promise<void> {
    await this.commands.run(name, (redis) => redis.zrem(companionKey(name, 'members'), member));
  }

  deploymentFact(name: string): Promise<DeploymentFact> {
    return this.ask(name, []);
  }

  async switchDeployment(name: string, value: string): Promise<readonly string[]> {
    return (await this.ask(name, [value])).members;
  }

  private async ask(name: string, args: readonly string[]): Promise<DeploymentFact> {
    const reader = new ReplyReader(
      await this.commands.run(name, (redis) => scripts.fact.run(redis, keysOf(name), args)),
    );
    const stands = reader.integer() === 1;
    const value = reader.text();
    const members: string[] = [];
    while (!reader.isAtEnd) members.push(reader.text());
    return stands ? { value, members } : { members };
  }
}
