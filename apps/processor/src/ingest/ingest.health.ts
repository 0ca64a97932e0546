import { PROCESSOR_GROUP } from '@app/common/contracts';
import { type HealthContributor, type HealthReport } from '@app/common/health';
import { type StreamInspector } from '@app/common/streams';
import { type Breaker } from './breaker';

export interface IngestHealthParts {
  readonly streams: StreamInspector;
  readonly owned: () => readonly string[];
  /** Milliseconds since the last commit; undefined before the first. */
  readonly sinceStoredMs: () => number | undefined;
  readonly breaker: Pick<Breaker, 'state' | 'openForMs'>;
  /** Why shards are read again, by stream. */
  readonly rewinding: () => ReadonlyMap<string, string>;
}

/** An entry that is pending for so long is stuck: a batch takes milliseconds, an outage is told of elsewhere too. */
const STUCK_MS = 60_000;

export class IngestHealth implements HealthContributor {
  readonly name = 'ingest';
  // Another instance may well own all shards.
  readonly gatesReadiness = false;

  constructor(private readonly parts: IngestHealthParts) {}

  async check(): Promise<HealthReport> {
    const { streams, owned, sinceStoredMs, breaker, rewinding } = this.parts;
    const names = owned();
    const infos = await Promise.all(names.map((name) => streams.info(name, [PROCESSOR_GROUP])));
    const groups = infos.flatMap((info) => info?.groups.filter(({ name }) => name === PROCESSOR_GROUP) ?? []);
    const oldestPendingMs = Math.max(0, ...groups.map((group) => group.oldestPendingMs ?? 0));
    const lostUnread = infos.some((info) => info?.unreadTrimmed === true);
    const storedMs = sinceStoredMs();
    const isOut = breaker.state !== 'closed';
    const [restored] = rewinding();
    const isWorse = oldestPendingMs > STUCK_MS || lostUnread || isOut || restored !== undefined;
    return {
      status: isWorse ? 'degraded' : 'up',
      details: {
        database: isOut
          ? `out for ${Math.round((breaker.openForMs ?? 0) / 1000)} s: nothing is read (breaker ${breaker.state})`
          : 'takes records',
        ...(restored === undefined
          ? {}
          : { restored: `DATABASE_BEHIND: ${rewinding().size} shards are read again: ${restored[1]}` }),
        shardsOwned: names.length,
        pending: groups.reduce((sum, { pending }) => sum + pending, 0),
        oldestPending: `${Math.round(oldestPendingMs)} ms`,
        lastCommit: storedMs === undefined ? 'none yet' : `${Math.round(storedMs)} ms ago`,
        ...(lostUnread ? { lost: 'entries were removed from a stream before they were read' } : {}),
      },
    };
  }
}
