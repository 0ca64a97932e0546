import { TELEMETRY_SHARDS_FACT } from '@app/common/contracts';
import { type Database, statement } from '@app/common/database';
import { type Service } from '@app/common/lifecycle';
import { type DeploymentFacts } from '@app/common/streams';
import { assertShards } from './mismatch';
import holdShards from './sql/hold-shards.sql';
import recordShards from './sql/record-shards.sql';
import recordedShards from './sql/recorded-shards.sql';

const HOLD = statement('shard_count_hold', holdShards);
const RECORD = statement('shard_count_record', recordShards);
const RECORDED = statement('shard_count_recorded', recordedShards);

/**
 * Keeps an ingest with another number of shards from starting: two numbers at a time break the order of devices. The
 * first ingest of a deployment writes the number down, in the database and for the edges in the store.
 */
export class IngestShards implements Service {
  readonly name = 'shard count of ingest';
  /** Behind the leases: from its membership on, a reshard sees this process and is refused. */
  readonly stage = 'work';

  constructor(
    private readonly database: Database,
    private readonly facts: DeploymentFacts,
    private readonly shards: number,
  ) {}

  /** @throws OdographError SHARDS_MISMATCH */
  async start(): Promise<void> {
    const value = await this.database.transaction(async (transaction) => {
      await transaction.query(HOLD);
      await transaction.query(RECORD, [TELEMETRY_SHARDS_FACT, String(this.shards)]);
      const [row] = await transaction.query<{ value: string }>(RECORDED, [TELEMETRY_SHARDS_FACT]);
      return row?.value ?? 'none';
    });
    assertShards(this.shards, value, 'the database');
    const told = await this.facts.joinDeployment({ name: TELEMETRY_SHARDS_FACT, value });
    assertShards(this.shards, told, 'Redis, where an edge or an unfinished reshard has written it,');
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
