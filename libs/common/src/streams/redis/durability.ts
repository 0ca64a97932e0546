import { type Redis } from 'ioredis';
import { OdographError } from '../../errors';
import { infoField } from './inspector';
import { asText, pairsOf } from './reply';
import { isReplyError } from './stream-error';

export type Fsync = 'always' | 'everysec';

/** What a server says of itself; undefined where it does not tell. */
export interface Durability {
  readonly appendOnly: boolean | undefined;
  readonly fsync: string | undefined;
  readonly evictionPolicy: string | undefined;
}

/** Asks CONFIG, and INFO where a managed Redis forbids CONFIG: that tells everything but the fsync. */
export async function readDurability(redis: Redis): Promise<Durability> {
  const configured = await readConfig(redis);
  if (configured !== undefined) {
    return {
      appendOnly: configured.get('appendonly') === 'yes',
      fsync: configured.get('appendfsync'),
      evictionPolicy: configured.get('maxmemory-policy'),
    };
  }
  const [persistence, memory] = await Promise.all([redis.info('persistence'), redis.info('memory')]);
  const enabled = infoField(persistence, 'aof_enabled');
  return {
    appendOnly: enabled === undefined ? undefined : enabled === '1',
    fsync: undefined,
    evictionPolicy: infoField(memory, 'maxmemory_policy'),
  };
}

/**
 * What would let an acknowledged record be lost, in words; empty when nothing would. A server that fsyncs more often
 * than declared is fine.
 */
export function durabilityFaults(durability: Durability, declared: Fsync): string[] {
  const { appendOnly, fsync, evictionPolicy } = durability;
  const faults: string[] = [];
  if (appendOnly === false) faults.push('appendonly is no');
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    faults.push(`maxmemory-policy is ${evictionPolicy}`);
  }
  const accepted = declared === 'always' ? ['always'] : ['always', 'everysec'];
  if (fsync !== undefined && !accepted.includes(fsync)) {
    faults.push(`appendfsync is ${fsync} and REDIS_FSYNC says ${declared}`);
  }
  return faults;
}

/** @throws OdographError REDIS_NOT_DURABLE naming all that is wrong. */
export async function assertDurable(redis: Redis, declared: Fsync): Promise<void> {
  const faults = durabilityFaults(await readDurability(redis), declared);
  if (faults.length > 0) throw new OdographError('REDIS_NOT_DURABLE', { detail: faults.join(', ') });
}

async function readConfig(redis: Redis): Promise<Map<string, string> | undefined> {
  try {
    const values = await Promise.all(
      ['appendonly', 'appendfsync', 'maxmemory-policy'].map((name) =>
        redis.callBuffer('CONFIG', 'GET', name),
      ),
    );
    return new Map(
      values.flatMap((reply) => [...pairsOf(reply)].map(([name, value]) => [name, asText(value)])),
    );
  } catch (error) {
    // Managed servers rename CONFIG away or forbid it.
    if (isReplyError(error, 'NOPERM') || isReplyError(error, 'ERR')) return undefined;
    throw error;
  }
}
