import { OdographError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { Arrivals } from './arrivals';
import { type EdgeSettings } from './edge.config';
import { isBadLogin } from './edge.errors';
import { EdgeListeners } from './edge.listeners';
import { EdgeTransport, type EdgeTransportOptions } from './edge.transport';
import { type EdgeMetrics } from './edge.metrics';
import { Session, type SessionParts } from './session';
import { TlsKeys } from './tls-keys';
import { TrustedProxies } from './trusted-proxies';

/** How often the files of certificate and key are looked at. */
const KEY_CHECK_MS = 5_000;

/** The listeners that the settings name, all over one session core. @throws OdographError CONFIG_INVALID */
export function edgeListeners(
  settings: EdgeSettings,
  parts: SessionParts,
  metrics: EdgeMetrics,
  logger: Logger,
): EdgeListeners {
  const arrivals = new Arrivals({
    maxConnections: settings.EDGE_MAX_CONNECTIONS,
    handshakeMs: settings.EDGE_HANDSHAKE_TIMEOUT,
    proxies: new TrustedProxies(settings.EDGE_PROXY_TRUSTED),
    turnedAway: (code, { address }) => {
      metrics.refused(code);
      if (isBadLogin(code)) parts.badLogins.note(address, Date.now());
    },
  });
  const common: Omit<EdgeTransportOptions, 'setting' | 'port'> = {
    host: settings.EDGE_HOST,
    arrivals,
    logger,
    connected: (link) => link.attach(new Session(link, parts)),
  };
  const tcp = new EdgeTransport({ ...common, setting: 'EDGE_TCP_PORT', port: settings.EDGE_TCP_PORT });
  if (settings.EDGE_TLS_PORT === undefined) return new EdgeListeners([tcp], undefined);
  const keys = tlsKeys(settings, logger);
  const tls = { ...common, setting: 'EDGE_TLS_PORT', port: settings.EDGE_TLS_PORT, door: keys.door };
  return new EdgeListeners([tcp, new EdgeTransport(tls)], keys);
}

function tlsKeys(settings: EdgeSettings, logger: Logger): TlsKeys {
  const { EDGE_TLS_CERT_FILE: certFile, EDGE_TLS_KEY_FILE: keyFile, EDGE_TLS_CIPHERS: ciphers } = settings;
  if (certFile === undefined || keyFile === undefined) {
    throw new OdographError('CONFIG_INVALID', {
      detail: 'EDGE_TLS_PORT needs EDGE_TLS_CERT_FILE and EDGE_TLS_KEY_FILE',
    });
  }
  return new TlsKeys({ certFile, keyFile, ciphers, checkMs: KEY_CHECK_MS, logger });
}
