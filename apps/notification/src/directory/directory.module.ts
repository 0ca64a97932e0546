import { Module } from '@nestjs/common';
import { Database } from '@app/common/database';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { Administrators } from './administrators';
import { DIRECTORY } from './directory';
import { buildAdministrators, buildDirectory } from './directory.service';

@Module({
  providers: [
    {
      provide: DIRECTORY,
      useFactory: buildDirectory,
      inject: [APP_CONTEXT, Database, Metrics, Lifecycle, HealthRegistry],
    },
    {
      provide: Administrators,
      useFactory: buildAdministrators,
      inject: [APP_CONTEXT, Lifecycle, HealthRegistry],
    },
  ],
  exports: [DIRECTORY, Administrators],
})
export class DirectoryModule {}
