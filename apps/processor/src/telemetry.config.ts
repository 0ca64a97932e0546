import {
  DEFAULT_TELEMETRY_SHARDS,
  UNKNOWN_DEVICE_POLICIES,
  type UnknownDevicePolicy,
} from '@app/common/contracts';
import { integer, oneOf, settingGroup, type SettingsOf } from '@app/common/config';

/** What edge, ingest and sink must agree on; each reads it, none owns it. */
export const telemetrySettings = settingGroup(['TELEMETRY_'], {
  TELEMETRY_SHARDS: integer(DEFAULT_TELEMETRY_SHARDS, { min: 1, max: 1024 }).describe(
    'Telemetry streams, each with one owner at a time; fixed for the life of a deployment, since another number breaks the order of a device.',
  ),
});
export type TelemetrySettings = SettingsOf<typeof telemetrySettings>;

const DEFAULT_POLICY: UnknownDevicePolicy = 'quarantine';

/** A group of its own: an ingest pod reads this one without knowing the edge's other settings. */
export const unknownDeviceSettings = settingGroup(['EDGE_UNKNOWN_DEVICES'], {
  EDGE_UNKNOWN_DEVICES: oneOf(UNKNOWN_DEVICE_POLICIES, DEFAULT_POLICY).describe(
    'A login whose IMEI is not registered: reject it, quarantine its frames in the dead-letter stream, or enroll the device.',
  ),
});
export type UnknownDeviceSettings = SettingsOf<typeof unknownDeviceSettings>;
