import { OdographError } from '@app/common/errors';

/** @throws OdographError SHARDS_MISMATCH where the setting is not what stands. */
export function assertShards(setting: number, recorded: string, where: string): void {
  if (String(setting) === recorded) return;
  throw new OdographError('SHARDS_MISMATCH', {
    detail: `TELEMETRY_SHARDS is ${setting}, ${where} has ${recorded}`,
  });
}
