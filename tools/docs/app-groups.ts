import {
  agedStreamSettings,
  claimSettings,
  databaseSettings,
  gatewayTokenSettings,
  deliveryStreamSettings,
  retentionSettings,
  type SettingGroup,
} from '@app/common/config';
import { commandSettings } from '../../apps/processor/src/commands';
import { edgeSettings } from '../../apps/processor/src/edge';
import { ingestSettings } from '../../apps/processor/src/ingest';
import { processorSettings } from '../../apps/processor/src/processor.config';
import { sinkSettings } from '../../apps/processor/src/sink';
import { commandRecordSettings } from '../../apps/ops/src/commands';
import { overviewSettings } from '../../apps/ops/src/overview';
import { telemetrySettings, unknownDeviceSettings } from '../../apps/processor/src/telemetry.config';
import { administratorSettings, directorySettings } from '../../apps/notification/src/directory';
import { gatewaySettings, webPushSettings } from '../../apps/notification/src/gateway';
import { intentSettings } from '../../apps/notification/src/intents/intents.config';
import { mailSettings } from '../../apps/notification/src/mail';
import { notificationSettings } from '../../apps/notification/src/notification.config';
import { publicHttpSettings } from '../../apps/notification/src/public-http';
import { retentionSettings as notificationRetentionSettings } from '../../apps/notification/src/retention/retention.config';
import { routeSettings } from '../../apps/notification/src/routes';
import { drainSettings } from '../../apps/relay/src/drain/drain.config';
import { retrySettings } from '../../apps/relay/src/retry';
import { upkeepSettings } from '../../apps/relay/src/upkeep/upkeep.config';

/** The settings of each app beside the common ones. */
export const APP_GROUPS: Readonly<Record<string, readonly SettingGroup[]>> = {
  processor: [
    processorSettings,
    telemetrySettings,
    unknownDeviceSettings,
    edgeSettings,
    commandSettings,
    databaseSettings,
    retentionSettings,
    claimSettings,
    ingestSettings,
    sinkSettings,
  ],
  relay: [
    databaseSettings,
    drainSettings,
    retrySettings,
    agedStreamSettings,
    deliveryStreamSettings,
    upkeepSettings,
  ],
  notification: [
    notificationSettings,
    databaseSettings,
    claimSettings,
    deliveryStreamSettings,
    directorySettings,
    administratorSettings,
    intentSettings,
    routeSettings,
    publicHttpSettings,
    mailSettings,
    gatewaySettings,
    gatewayTokenSettings,
    webPushSettings,
    notificationRetentionSettings,
  ],
  ops: [databaseSettings, overviewSettings, commandRecordSettings],
};
