import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ObservabilityModule } from '../observability';
import { Lifecycle } from './lifecycle';
import { type AppContext } from './run-app';

/** Injection token of the {@link AppContext}: settings, instance id, probe port. */
export const APP_CONTEXT = Symbol('app context');

/** What every app has before it has a feature: its context, logger, metrics and lifecycle. */
@Global()
@Module({})
export class LifecycleModule {
  static forRoot(context: AppContext): DynamicModule {
    return {
      module: LifecycleModule,
      imports: [ObservabilityModule.forRoot(context.logger)],
      providers: [
        { provide: APP_CONTEXT, useValue: context },
        { provide: Lifecycle, useValue: context.lifecycle },
      ],
      exports: [APP_CONTEXT, Lifecycle],
    };
  }
}
