import {
  shardLeaseName,
  shardOfLease,
  telemetryDeadLetterStream,
  telemetryStream,
} from '@app/common/contracts';
import { type Lease } from '@app/common/leases';

/** Lease names of all telemetry shards. */
export function shardLeaseNames(shards: number): string[] {
  return Array.from({ length: shards }, (_, shard) => shardLeaseName(shard));
}

/** A shard that this process owns, under the epoch that it owns it by. */
export interface OwnedShard {
  readonly lease: Lease;
  readonly stream: string;
  readonly deadLetterStream: string;
}

export function ownedShard(lease: Lease): OwnedShard {
  const shard = shardOfLease(lease.name);
  return { lease, stream: telemetryStream(shard), deadLetterStream: telemetryDeadLetterStream(shard) };
}
