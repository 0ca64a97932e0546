import { Module } from '@nestjs/common';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { publicHttpSettings } from './public-http.config';
import { PublicHttpService } from './public-http.service';

@Module({
  providers: [
    {
      provide: PublicHttpService,
      useFactory: (context: AppContext, lifecycle: Lifecycle) => {
        const { NOTIFICATION_PUBLIC_HTTP_ADDR: address } = context.read(publicHttpSettings);
        const service = new PublicHttpService(
          address,
          lifecycle,
          context.logger.child({ feature: 'public-http' }),
        );
        lifecycle.register(service);
        return service;
      },
      inject: [APP_CONTEXT, Lifecycle],
    },
  ],
  exports: [PublicHttpService],
})
export class PublicHttpModule {}
