import { Module } from '@nestjs/common';
import { Lifecycle } from '@app/common/lifecycle';
import { TemplatesService } from './templates.service';

@Module({
  providers: [
    {
      provide: TemplatesService,
      useFactory: (lifecycle: Lifecycle) => {
        const service = new TemplatesService();
        lifecycle.register(service);
        return service;
      },
      inject: [Lifecycle],
    },
  ],
})
export class TemplatesModule {}
