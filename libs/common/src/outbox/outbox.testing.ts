import pino from 'pino';
import { type OutboxDraft, intentMessageId } from '@app/common/contracts';
import { Database, type Statement, statement } from '@app/common/database';
import { fleetEventMessage } from './messages';

/** Helpers of this area's own specs; nothing else imports them. */

export function outboxDatabase(url: string, poolSize = 4): Database {
  return new Database({
    url,
    poolSize,
    applicationName: 'outbox-spec',
    startupTimeoutMs: 5_000,
    logger: pino({ level: 'silent' }),
  });
}

let sequence = 0;

/** A new message of that key. */
export function draft(key = '350000000000017'): OutboxDraft {
  sequence += 1;
  return fleetEventMessage(
    { key, eventId: intentMessageId('spec', `draft ${sequence}`), tenantId: 'default' },
    {
      ...{ kind: 'overspeed.started', device_id: '1', imei: '350000000000017', tenant_id: 'default' },
      ...{ occurred_at_ms: '1700000000000', payload_json: '{}' },
    },
  );
}

let statements = 0;
const names = new Map<string, string>();

/** A statement of a spec, named for it. */
export function spec(sql: string): Statement {
  const name = names.get(sql) ?? `spec_outbox_${(statements += 1)}`;
  names.set(sql, name);
  return statement(name, sql);
}
