import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { MAIL_METRICS } from './catalog/mail';
import { NOTIFICATION_METRICS } from './catalog/notification';
import { OVERVIEW_METRICS } from './catalog/overview';
import { PROCESSOR_METRICS } from './catalog/processor';
import { RELAY_METRICS } from './catalog/relay';
import { type MetricSpec } from './catalog/metric-spec';
import { FrequentHistogram } from './frequent-histogram';

/** Seconds; from a fast local hop to a stalled one. */
const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * The metric catalog: every metric of every app, with its labels and their meaning. Features bind these, they do not
 * invent any. An IMEI is never a label: a fleet would become that many time series.
 */
export const METRIC_CATALOG = {
  ...PROCESSOR_METRICS,
  ...RELAY_METRICS,
  ...NOTIFICATION_METRICS,
  ...MAIL_METRICS,
  ...OVERVIEW_METRICS,
};

export type MetricName = keyof typeof METRIC_CATALOG;

export function isMetricName(text: string): text is MetricName {
  return text in METRIC_CATALOG;
}

type NamesOf<Kind extends MetricSpec['kind']> = {
  [Name in MetricName]: (typeof METRIC_CATALOG)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
type LabelsOf<Name extends MetricName> = (typeof METRIC_CATALOG)[Name]['labels'][number];

/** Metric names carry the product's prefix on the wire, but for those that existing dashboards know as they are. */
export const exposedName = (name: MetricName): string =>
  name.startsWith('notification_') ? name : `odograph_${name}`;

/** Binds metrics of the catalog to a registry; binding one twice gives the same metric. */
export class Metrics {
  constructor(private readonly registry: Registry) {}

  /** @param beforeRead for counts that are kept aside because they come too often: adds them before a scrape. */
  counter<Name extends NamesOf<'counter'>>(name: Name, beforeRead?: () => void): Counter<LabelsOf<Name>> {
    const { help, labels } = METRIC_CATALOG[name];
    return (
      this.existing(name, Counter<LabelsOf<Name>>) ??
      new Counter<LabelsOf<Name>>({
        name: exposedName(name),
        help,
        labelNames: [...labels],
        registers: [this.registry],
        ...(beforeRead === undefined ? {} : { collect: beforeRead }),
      })
    );
  }

  gauge<Name extends NamesOf<'gauge'>>(name: Name): Gauge<LabelsOf<Name>> {
    const { help, labels } = METRIC_CATALOG[name];
    return (
      this.existing(name, Gauge<LabelsOf<Name>>) ??
      new Gauge<LabelsOf<Name>>({
        name: exposedName(name),
        help,
        labelNames: [...labels],
        registers: [this.registry],
      })
    );
  }

  histogram<Name extends NamesOf<'histogram'>>(name: Name): Histogram<LabelsOf<Name>> {
    const { help, labels } = METRIC_CATALOG[name];
    return (
      this.existing(name, Histogram<LabelsOf<Name>>) ??
      new Histogram<LabelsOf<Name>>({
        name: exposedName(name),
        help,
        labelNames: [...labels],
        buckets: LATENCY_BUCKETS_S,
        registers: [this.registry],
      })
    );
  }

  /** For values that come tens of thousands of times a second. */
  frequentHistogram(name: NamesOf<'histogram'>): FrequentHistogram {
    const known = this.existing(name, FrequentHistogram);
    if (known !== undefined) return known;
    const { help } = METRIC_CATALOG[name];
    const made = new FrequentHistogram({ name: exposedName(name), help }, LATENCY_BUCKETS_S);
    this.registry.registerMetric(made);
    return made;
  }

  private existing<Metric extends object>(
    name: MetricName,
    type: new (...args: never[]) => Metric,
  ): Metric | undefined {
    const metric = this.registry.getSingleMetric(exposedName(name));
    return metric instanceof type ? metric : undefined;
  }
}
