import { TELEMETRY_SHARDS_FACT } from '@app/common/contracts';
import { hasCode, type OdographError } from '@app/common/errors';
import { Loop, type Service } from '@app/common/lifecycle';
import { type Logger } from '@app/common/observability';
import { type DeploymentFacts } from '@app/common/streams';
import { assertShards } from './mismatch';

export interface EdgeShardsParts {
  readonly facts: DeploymentFacts;
  readonly shards: number;
  /** This very boot of the process. */
  readonly owner: string;
  readonly logger: Logger;
  /** Told where the number changed under a process that was frozen for longer than its membership lasts. */
  readonly onMismatch: (error: OdographError) => void;
}

const BEAT_MS = 5_000;
const MEMBERSHIP_MS = 15_000;

/** Keeps an edge with another number of shards from starting, and a reshard from beginning while an edge lives. */
export class EdgeShards implements Service {
  readonly name = 'shard count of the edge';
  /** Left only when the edge's work is done. */
  readonly stage = 'leases';
  private readonly beat: Loop;

  constructor(private readonly parts: EdgeShardsParts) {
    const { logger } = parts;
    this.beat = new Loop({ name: this.name, logger, round: () => this.stay(), maxRetryMs: 1_000 });
  }

  /** @throws OdographError SHARDS_MISMATCH */
  async start(): Promise<void> {
    await this.join();
    this.beat.start();
  }

  async stop(): Promise<void> {
    await this.beat.stop();
    await this.parts.facts.leaveDeployment(TELEMETRY_SHARDS_FACT, this.parts.owner);
  }

  private async stay(): Promise<number> {
    try {
      await this.join();
    } catch (error) {
      if (!hasCode(error, 'SHARDS_MISMATCH')) throw error;
      this.parts.onMismatch(error);
    }
    return BEAT_MS;
  }

  private async join(): Promise<void> {
    const { facts, shards, owner } = this.parts;
    const value = await facts.joinDeployment({
      name: TELEMETRY_SHARDS_FACT,
      value: String(shards),
      member: { id: owner, ttlMs: MEMBERSHIP_MS },
    });
    try {
      assertShards(shards, value, 'Redis');
    } catch (error) {
      await facts.leaveDeployment(TELEMETRY_SHARDS_FACT, owner);
      throw error;
    }
  }
}
