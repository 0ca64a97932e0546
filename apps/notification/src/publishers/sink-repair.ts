import { randomUUID } from 'node:crypto';
import { type Channel } from '@app/common/contracts';
import { type LeaseTable } from '@app/common/leases';
import { fault, type Logger } from '@app/common/observability';
import { type SinkPublisher, type SinkState } from '@app/common/streams';
import { FIRST_PUBLISHED, type PublishedPlace, type SinkStore } from '../routes';
import { type PublisherMetrics } from './publishers.metrics';

export interface SinkRepairOptions {
  readonly channel: Channel;
  readonly stream: string;
  readonly windowMs: number;
  readonly store: SinkStore;
  readonly sinks: SinkPublisher;
  readonly leases: LeaseTable;
  readonly metrics: Pick<PublisherMetrics, 'republished' | 'sinkLosses'>;
  readonly logger: Logger;
}

/** Routes that are looked at in one step. */
const PAGE = 1000;

interface Walk {
  routes: number;
  first: PublishedPlace | undefined;
  last: PublishedPlace | undefined;
}

/**
 * Looks whether a target stream still holds what was acknowledged of it, and mends what it lost: routes that were
 * published into the lost interval become due again, under their ids. Until that is done nothing is published to it.
 */
export class SinkRepair {
  constructor(private readonly options: SinkRepairOptions) {}

  /**
   * True when the sink holds what was acknowledged, be it after a repair; false while another instance repairs it.
   *
   * @throws OdographError REDIS_UNREACHABLE or STREAM_REFUSED while the sink takes nothing.
   */
  async holds(): Promise<boolean> {
    const { store, stream, leases } = this.options;
    if (await this.isComplete(await store.find(stream))) return true;
    const name = `notification:sink:${stream}`;
    await leases.ensure([name]);
    const [lease] = await leases.acquire([name], 1);
    if (lease === undefined) return false;
    try {
      // Asked again under the lease: whoever had it before may have done it.
      if (await this.isComplete(await store.find(stream))) return true;
      return await this.repair(async () => (await leases.renew([lease])).size > 0);
    } finally {
      await leases.release([lease]);
    }
  }

  private async isComplete(acknowledged: SinkState | undefined): Promise<boolean> {
    const { sinks, stream, windowMs } = this.options;
    const reply = await sinks.publishToSink({ stream, windowMs, acknowledged, messages: [] });
    return reply.kind === 'done';
  }

  private async repair(isStillOurs: () => Promise<boolean>): Promise<boolean> {
    const { sinks, store, stream, windowMs, channel, logger, metrics } = this.options;
    const held = await sinks.publishToSink({ stream, windowMs, acknowledged: undefined, messages: [] });
    if (held.kind !== 'done') return false;
    metrics.sinkLosses.inc({ channel });
    logger.error({ event: 'sink_behind', stream, holds: held.sink.last?.entryId ?? 'nothing' });
    // First here, so that no settlement by a lost entry comes in behind the walk; then there, so that publishing stays
    // shut until the walk is done. Who dies in between leaves them different, and the next one begins anew.
    const birth = randomUUID();
    await store.renew(stream, { ...held.sink, birth });
    fault('publishers.repair-renewed');
    const walk: Walk = { routes: 0, first: undefined, last: undefined };
    let after = FIRST_PUBLISHED;
    for (;;) {
      const page = await store.findPublished(channel, windowMs, after, PAGE);
      await this.reopenLost(page, walk);
      fault('publishers.repair-page');
      const last = page.at(-1);
      if (last === undefined) break;
      after = last;
      if (!(await isStillOurs())) return false;
    }
    await sinks.renewSink(stream, birth);
    fault('publishers.repair-reborn');
    metrics.republished.inc({ channel }, walk.routes);
    logger.error({
      ...{ event: 'sink_repaired', stream, republished: walk.routes },
      ...{ firstPublishedAt: walk.first?.publishedAt, lastPublishedAt: walk.last?.publishedAt },
    });
    return this.isComplete(await store.find(stream));
  }

  private async reopenLost(page: readonly PublishedPlace[], walk: Walk): Promise<void> {
    const { sinks, store, stream } = this.options;
    const lost = new Set(
      await sinks.findUnpublished(
        stream,
        page.map(({ routeId }) => routeId),
      ),
    );
    const reopened = new Set(await store.reopen([...lost], 'the target stream has lost its entry'));
    for (const place of page.filter(({ routeId }) => reopened.has(routeId))) {
      walk.routes += 1;
      walk.first ??= place;
      walk.last = place;
    }
  }
}
