import { OdographError } from '@app/common/errors';
import { type Logger } from '@app/common/observability';
import { Arrivals } from './arrivals';
import { type DatagramDesk } from './datagram-desk';
import { type EdgeSettings } from './edge.config';
import { isBadLogin } from './edge.errors';
import { EdgeListeners, type EdgeListener } from './edge.listeners';
import { EdgeTransport, type EdgeTransportOptions } from './edge.transport';
import { Session, type SessionParts } from './session';
import { TlsKeys } from './tls-keys';
import { TrustedProxies } from './trusted-proxies';
import { WaitingRoom } from './waiting-room';
import { UdpTransport } from './udp.transport';

/** How often the files of certificate and key are looked at. */
const KEY_CHECK_MS = 5_000;

/** The listeners that the settings name, all over one session core. @throws OdographError CONFIG_INVALID */
export function edgeListeners(
  settings: EdgeSettings,
  parts: SessionParts,
  datagrams: DatagramDesk,
  logger: Logger,
): EdgeListeners {
  const arrivals = new Arrivals({
    maxConnections: settings.EDGE_MAX_CONNECTIONS,
    handshakeMs: settings.EDGE_HANDSHAKE_TIMEOUT,
    waitingRoom: new WaitingRoom(
      settings.EDGE_BAD_ADDRESS_CONNECTIONS_PER_SECOND,
      // Its deadline goes on while a connection waits.
      settings.EDGE_HANDSHAKE_TIMEOUT,
      (address) => parts.badLogins.isSpent(address, Date.now()),
    ),
    proxies: new TrustedProxies(settings.EDGE_PROXY_TRUSTED),
    turnedAway: (code, { address }) => {
      parts.metrics.refused(code);
      if (isBadLogin(code)) parts.badLogins.note(address, Date.now());
    },
  });
  const common: Omit<EdgeTransportOptions, 'setting' | 'port'> = {
    host: settings.EDGE_HOST,
    arrivals,
    logger,
    connected: (link) => link.attach(new Session(link, parts)),
  };
  const { EDGE_TCP_PORT, EDGE_TLS_PORT, EDGE_UDP_PORT, EDGE_HOST: host } = settings;
  const listeners: EdgeListener[] = [
    new EdgeTransport({ ...common, setting: 'EDGE_TCP_PORT', port: EDGE_TCP_PORT }),
  ];
  const keys = EDGE_TLS_PORT === undefined ? undefined : tlsKeys(settings, logger);
  if (EDGE_TLS_PORT !== undefined) {
    const door = keys?.door;
    listeners.push(new EdgeTransport({ ...common, setting: 'EDGE_TLS_PORT', port: EDGE_TLS_PORT, door }));
  }
  if (EDGE_UDP_PORT !== undefined) {
    listeners.push(new UdpTransport({ host, port: EDGE_UDP_PORT, desk: datagrams, logger }));
  }
  return new EdgeListeners(listeners, keys);
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
