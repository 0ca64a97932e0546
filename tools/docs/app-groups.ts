import { type SettingGroup } from '@app/common/config';
import { edgeSettings } from '../../apps/processor/src/edge/edge.config';
import { ingestSettings } from '../../apps/processor/src/ingest/ingest.config';
import { telemetrySettings, unknownDeviceSettings } from '../../apps/processor/src/telemetry.config';
import { intentSettings } from '../../apps/notification/src/intents/intents.config';
import { routeSettings } from '../../apps/notification/src/routes';
import { drainSettings } from '../../apps/relay/src/drain/drain.config';
import { upkeepSettings } from '../../apps/relay/src/upkeep/upkeep.config';

/** The settings of each app beside the common ones. */
export const APP_GROUPS: Readonly<Record<string, readonly SettingGroup[]>> = {
  processor: [telemetrySettings, unknownDeviceSettings, edgeSettings, ingestSettings],
  relay: [drainSettings, upkeepSettings],
  notification: [intentSettings, routeSettings],
};
