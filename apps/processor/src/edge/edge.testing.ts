import { Arrivals } from './arrivals';
import { EdgeTransport } from './edge.transport';
import { Session } from './session';
import { TestDevice } from './device.testing';
import { type TlsDoor } from './tls-door';
import { TrustedProxies } from './trusted-proxies';
import { WaitingRoom } from './waiting-room';
import { edgeKit, OTHER_IMEI, type Kit, type KitOptions } from './session.testing';

export interface TestEdgeOptions extends KitOptions {
  readonly maxConnections?: number;
  readonly handshakeMs?: number;
  readonly proxies?: readonly string[];
  /** Present for TLS. */
  /** Of an address that has spent its bad logins; many by default. */
  readonly badAddressPerSecond?: number;
  readonly door?: TlsDoor;
}

/** An edge over real sockets and a scripted store, for the specs; IMEI and OTHER_IMEI are registered. Not part of the app. */
export class TestEdge {
  private readonly devices: TestDevice[] = [];

  private constructor(
    readonly kit: Kit,
    private readonly transport: EdgeTransport,
    private readonly arrivals: Arrivals,
    readonly port: number,
  ) {}

  static async listen(options: TestEdgeOptions = {}): Promise<TestEdge> {
    const kit = await edgeKit(options);
    kit.registry.enable(OTHER_IMEI);
    const arrivals = new Arrivals({
      maxConnections: options.maxConnections ?? 50,
      handshakeMs: options.handshakeMs ?? 60_000,
      waitingRoom: new WaitingRoom(options.badAddressPerSecond ?? 1_000, 60_000, (address) =>
        kit.parts.badLogins.isSpent(address, Date.now()),
      ),
      proxies: new TrustedProxies(options.proxies ?? []),
      turnedAway: (code) => kit.parts.metrics.refused(code),
    });
    const transport = new EdgeTransport({
      setting: 'EDGE_TCP_PORT',
      host: '127.0.0.1',
      port: 0,
      door: options.door,
      arrivals,
      logger: kit.parts.logger,
      connected: (link) => link.attach(new Session(link, kit.parts)),
    });
    return new TestEdge(kit, transport, arrivals, await transport.open());
  }

  /** Open on the edge's side. */
  get connections(): number {
    return this.arrivals.connections;
  }

  async connect(from?: string): Promise<TestDevice> {
    const device = await TestDevice.connect(this.port, from);
    this.devices.push(device);
    return device;
  }

  async connectTls(): Promise<TestDevice> {
    const device = await TestDevice.connectTls(this.port);
    this.devices.push(device);
    return device;
  }

  async logIn(imei: string): Promise<TestDevice> {
    const device = await TestDevice.loggedIn(this.port, imei);
    this.devices.push(device);
    return device;
  }

  /** Stops as the service does, and closes all devices. */
  async close(): Promise<void> {
    for (const device of this.devices) device.destroy();
    this.transport.close();
    await this.kit.table.drain(1_000);
  }
}
