import { ERROR_TABLE } from '@app/common/errors';
import { GENERATED, table } from './markdown';

export function errorsPage(): string {
  const rows = Object.entries(ERROR_TABLE).map(([code, { message, action }]) => [
    `\`${code}\``,
    message,
    action,
  ]);
  return `${GENERATED}

# Errors

Every error of ours carries a code of this table, what happened, and what to do. The cause is kept and logged with it.
By symptom: [troubleshooting](../operations/troubleshooting.md) for outbox and relay, the runbooks of the
[processor](../operations/processor.md), of the [outbox](../operations/outbox.md) and of
[notification](../operations/notification.md).

${table(['code', 'what happened', 'what to do'], rows)}
`;
}
