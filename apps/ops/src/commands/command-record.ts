import { commandResponseSchema, type CommandResponseFields } from '@app/common/contracts';
import { statement, type QuerySource } from '@app/common/database';
import { type StreamEntry } from '@app/common/streams';
import expireCommands from './sql/expire-commands.sql';
import insertCommand from './sql/insert-command.sql';
import listCommandsText from './sql/list-commands.sql';
import recordOutcomeText from './sql/record-outcome.sql';

const INSERT = statement('command_insert', insertCommand);
const LIST = statement('command_list', listCommandsText);
const RECORD = statement('command_record_outcome', recordOutcomeText);
const EXPIRE = statement('command_expire', expireCommands);

export type CommandState = 'queued' | 'sent' | 'unknown' | 'answered' | 'nacked' | 'expired' | 'failed';

/** A row of ops.command. */
export interface CommandRow {
  readonly id: string;
  readonly imei: string;
  readonly tenant_id: string;
  readonly codec: number;
  readonly text: string;
  readonly timeout_ms: number;
  readonly state: CommandState;
  readonly reason: string | null;
  readonly answer: Buffer | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly sent_at: Date | null;
  readonly settled_at: Date | null;
}

export interface NewCommand {
  readonly id: string;
  readonly deviceId: string;
  readonly tenantId: string;
  readonly imei: string;
  readonly actor: string;
  readonly codec: string;
  readonly text: string;
  readonly timeoutMs: number;
  readonly expiresAt: Date;
}

/** What an edge told of a command. */
export interface CommandReport extends CommandResponseFields {
  readonly payload: Buffer | undefined;
}

export async function insertNewCommand(source: QuerySource, command: NewCommand): Promise<CommandRow> {
  const { id, deviceId, tenantId, imei, actor, codec, text, timeoutMs, expiresAt } = command;
  const params = [id, deviceId, tenantId, imei, actor, Number(codec), text, timeoutMs, expiresAt];
  const [row] = await source.query<CommandRow>(INSERT, params);
  if (row === undefined) throw new Error('a command was written and not returned');
  return row;
}

/** The newest first. */
export function listCommands(
  source: QuerySource,
  imei: string,
  limit: number,
): Promise<readonly CommandRow[]> {
  return source.query<CommandRow>(LIST, [imei, limit]);
}

/** Undefined for an entry that is none of the contract's. */
export function parseReport({ fields }: StreamEntry): CommandReport | undefined {
  const { payload, ...rest } = Object.fromEntries(fields);
  const texts = Object.entries(rest).map(([name, value]) => [name, value?.toString('utf8')]);
  const { data } = commandResponseSchema.safeParse(Object.fromEntries(texts));
  return data === undefined ? undefined : { ...data, payload };
}

/** Writes what became of a command, and its audit; once, whoever else does it too. Of unsolicited messages nothing. */
export async function recordReport(source: QuerySource, report: CommandReport): Promise<void> {
  const { command_id: id, outcome, reason = null, payload = null, at_ms: atMs, instance } = report;
  if (id === undefined || outcome === 'unsolicited') return;
  const answer = payload === null ? null : readable(payload);
  const params = [id, outcome, reason, payload, new Date(Number(atMs)), `edge:${instance}`, answer];
  await source.query(RECORD, params);
}

/** @param graceMs What an edge's clock may be behind, and its report under way. */
export async function expireOverdue(source: QuerySource, graceMs: number): Promise<void> {
  await source.query(EXPIRE, [`${graceMs} ms`, 'ops']);
}

/** Text where it is text, else hex: neither a table nor jsonb holds every byte. */
export function readable(payload: Buffer): string {
  const text = payload.toString('utf8');
  // eslint-disable-next-line no-control-regex
  const isText = Buffer.from(text).equals(payload) && !/[\u0000-\u0008\u000e-\u001f\u007f]/.test(text);
  return isText ? text : `0x${payload.toString('hex')}`;
}
