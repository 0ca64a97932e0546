import { Global, Module, type DynamicModule } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';
import { Metrics } from './metrics';
import { type Logger } from './logger';

/** Injection token of the app's pino logger; features take `logger.child({ feature })`. */
export const LOGGER = Symbol('logger');

/** The logger and the metrics of an app, and `/metrics` on its probe port. */
@Global()
@Module({})
export class ObservabilityModule {
  static forRoot(logger: Logger): DynamicModule {
    return {
      module: ObservabilityModule,
      imports: [PrometheusModule.register({ path: '/metrics' })],
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: Metrics, useFactory: () => new Metrics(register) },
      ],
      exports: [LOGGER, Metrics],
    };
  }
}
