import { Module } from '@nestjs/common';
import { gatewayTokenSettings } from '@app/common/config';
import { GATEWAY_CLIENT_EVENTS } from '@app/common/contracts';
import { HealthRegistry } from '@app/common/health';
import { APP_CONTEXT, type AppContext, Lifecycle } from '@app/common/lifecycle';
import { Metrics } from '@app/common/observability';
import { STREAMS, type Streams } from '@app/common/streams';
import { PublicHttpService } from '../public-http';
import { PublicHttpModule } from '../public-http/public-http.module';
import { gatewaySettings } from './gateway.config';
import { gatewayMetrics } from './gateway.metrics';
import { GatewayService } from './gateway.service';

const WEBSOCKET_PATH = '/ws';

function buildGateway(
  context: AppContext,
  streams: Streams,
  http: PublicHttpService,
  metrics: Metrics,
  lifecycle: Lifecycle,
  health: HealthRegistry,
): GatewayService {
  const service = new GatewayService({
    settings: context.read(gatewaySettings),
    tokenSecret: context.read(gatewayTokenSettings).NOTIFICATION_GATEWAY_TOKEN_SECRET,
    stream: GATEWAY_CLIENT_EVENTS,
    streams,
    metrics: gatewayMetrics(metrics),
    logger: context.logger.child({ feature: 'gateway' }),
  });
  http.onUpgrade(WEBSOCKET_PATH, service.upgrade);
  lifecycle.register(service);
  health.register(service);
  return service;
}

/** The push gateway: WebSockets and Web Push for clients of deployments that have no gateway of their own. */
@Module({
  imports: [PublicHttpModule],
  providers: [
    {
      provide: GatewayService,
      useFactory: buildGateway,
      inject: [APP_CONTEXT, STREAMS, PublicHttpService, Metrics, Lifecycle, HealthRegistry],
    },
  ],
})
export class GatewayModule {}
