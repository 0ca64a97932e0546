import { Registry } from 'prom-client';
import { Metrics } from '@app/common/observability';
import { OverviewMetrics } from './overview.metrics';

describe('the lag of a group', () => {
  const watched = [{ stream: 's', groups: ['g'] }];
  const group = {
    ...{
      name: 'g',
      pending: 4,
      oldestPendingMs: 1,
      oldestUnreadMs: null,
      lastDeliveredId: '1-0',
      known: true,
    },
  };
  const info = { length: 9, firstId: '1-0', lastId: '9-0', unreadTrimmed: false };

  it('is absent and called unknown where Redis cannot tell it, rather than kept or 0', async () => {
    const registry = new Registry();
    const metrics = new OverviewMetrics(new Metrics(registry));
    metrics.showStreams(watched, [{ ...info, groups: [{ ...group, lag: 5 }] }]);
    expect(await registry.metrics()).toContain('odograph_stream_group_lag{stream="s",group="g"} 5');
    metrics.showStreams(watched, [{ ...info, groups: [{ ...group, lag: null }] }]);
    const text = await registry.metrics();
    expect(text).not.toContain('odograph_stream_group_lag{');
    expect(text).toContain('odograph_stream_group_lag_unknown{stream="s",group="g"} 1');
    expect(text).toContain('odograph_stream_group_pending{stream="s",group="g"} 4');
  });
});
