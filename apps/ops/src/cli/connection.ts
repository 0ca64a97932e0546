import { readSettings, settingGroup, url, type Environment } from '@app/common/config';
import { OdographError } from '@app/common/errors';
import { findRunningStack } from './running-stack';

/** What a command does to the database: edits data under the operator's role, or changes the schema as its owner. */
export type Authority = 'operator' | 'owner';

const OPERATOR_ROLE = 'odograph_ops';

const databaseUrl = url(['postgres', 'postgresql']);
const connectionSettings = settingGroup([], {
  DATABASE_URL: databaseUrl.optional().describe('PostgreSQL that the command works on.'),
});

export interface ConnectionSource {
  /** The value of `--database-url`. */
  readonly flag: string | undefined;
  readonly environment: Environment;
  /** Where the command runs. */
  readonly directory: string;
}

/**
 * The database of a command: what the flag says, else DATABASE_URL (or DATABASE_URL_FILE), else the running stack. A
 * URL that was given is used as it is; on the running stack a command that only edits goes in as the operator's role.
 *
 * @throws OdographError INPUT_INVALID or CONFIG_INVALID where it is no URL of PostgreSQL, or there is none.
 */
export async function resolveDatabaseUrl(source: ConnectionSource, authority: Authority): Promise<string> {
  if (source.flag !== undefined) {
    const flag = databaseUrl.safeParse(source.flag);
    if (flag.success) return flag.data;
    throw new OdographError('INPUT_INVALID', {
      detail: `--database-url ${flag.error.issues[0]?.message ?? 'is no URL'}`,
    });
  }
  const given = readSettings(connectionSettings, source.environment).DATABASE_URL;
  if (given !== undefined) return given;
  const stack = await findRunningStack(source.directory);
  if (stack === undefined) {
    throw new OdographError('CONFIG_INVALID', {
      detail: 'DATABASE_URL is not set, --database-url is not given and no stack runs in this folder',
    });
  }
  return authority === 'owner' ? stack.databaseUrl : asRole(stack.databaseUrl, OPERATOR_ROLE);
}

function asRole(ownerUrl: string, role: string): string {
  const operatorUrl = new URL(ownerUrl);
  operatorUrl.username = role;
  operatorUrl.password = '';
  return operatorUrl.href;
}
