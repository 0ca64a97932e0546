import { Global, Module, type DynamicModule } from '@nestjs/common';
import { HealthRegistry } from '../health';
import { APP_CONTEXT, Lifecycle, type AppContext } from '../lifecycle';
import { RedisHealth } from './health';
import { type Streams } from './port';
import { redisAddressOf } from './redis/endpoint';
import { RedisStreams } from './redis/redis-streams';

/** Injection token of the app's {@link Streams}. */
export const STREAMS = Symbol('streams');

/** The streams of an app on the Redis of its settings: connected before leases and work start, closed after them. */
@Global()
@Module({})
export class StreamsModule {
  static forRoot(): DynamicModule {
    return {
      module: StreamsModule,
      providers: [
        {
          provide: STREAMS,
          inject: [APP_CONTEXT, Lifecycle, HealthRegistry],
          useFactory: ({ settings }: AppContext, lifecycle: Lifecycle, health: HealthRegistry): Streams => {
            const streams = new RedisStreams({
              ...redisAddressOf(settings.REDIS_URL, settings),
              fsync: settings.REDIS_FSYNC,
              waitReplicas: settings.REDIS_WAIT_REPLICAS,
              startupTimeoutMs: settings.STARTUP_TIMEOUT,
            });
            lifecycle.register(streams);
            health.register(new RedisHealth(streams));
            return streams;
          },
        },
      ],
      exports: [STREAMS],
    };
  }
}
