import 'reflect-metadata';
import {
  claimSettings,
  databaseSettings,
  deliveryStreamSettings,
  gatewayTokenSettings,
  readSettings,
  type SettingGroup,
} from '@app/common/config';
import { runApp } from '@app/common/lifecycle';
import { AppModule } from './app.module';
import { administratorSettings, directorySettings } from './directory';
import { adoptExistingKeys } from './existing-keys';
import { gatewaySettings, webPushSettings } from './gateway';
import { intentSettings } from './intents/intents.config';
import { mailSettings } from './mail';
import { type NotificationFeature, notificationSettings } from './notification.config';
import { publicHttpSettings } from './public-http';
import { retentionSettings } from './retention/retention.config';
import { routeSettings } from './routes';

const always = [
  notificationSettings,
  databaseSettings,
  claimSettings,
  deliveryStreamSettings,
  directorySettings,
  administratorSettings,
  intentSettings,
  routeSettings,
  retentionSettings,
];

/** The settings of features that are off by default: nobody needs to set those of a feature that does not run. */
const optional: Readonly<Partial<Record<NotificationFeature, readonly SettingGroup[]>>> = {
  mail: [mailSettings, publicHttpSettings],
  gateway: [publicHttpSettings, gatewaySettings, gatewayTokenSettings, webPushSettings],
};

void runApp({
  name: 'notification',
  defaultProbePort: 9103,
  adopt: adoptExistingKeys,
  groups: [...new Set([...always, ...Object.values(optional).flat()])],
  needs: (environment) => [
    ...always,
    ...readSettings(notificationSettings, environment).NOTIFICATION_FEATURES.flatMap(
      (feature) => optional[feature] ?? [],
    ),
  ],
  module: (context) => AppModule.forRoot(context),
});
