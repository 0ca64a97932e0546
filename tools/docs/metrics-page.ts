import { exposedName, isMetricName, METRIC_CATALOG } from '@app/common/observability';
import { GENERATED, table } from './markdown';

export function metricsPage(): string {
  const rows = Object.entries(METRIC_CATALOG).flatMap(([name, { kind, help, labels }]) =>
    isMetricName(name)
      ? [[`\`${exposedName(name)}\``, kind, labels.map((label) => `\`${label}\``).join(', '), help]]
      : [],
  );
  return `${GENERATED}

# Metrics

Served at \`/metrics\` on each app's probe port, beside the Node.js defaults. An IMEI is never a label.
What to alert on is in the [production checklist](../operations/production-checklist.md#observability), what to do then on the
[troubleshooting](../operations/troubleshooting.md) page.

${table(['name', 'kind', 'labels', 'meaning'], rows)}
`;
}
