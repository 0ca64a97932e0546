import { EdgeTransport } from './edge.transport';
import { Session } from './session';
import { TestDevice } from './test-device';
import { edgeKit, OTHER_IMEI, type Kit, type KitOptions } from './test-kit';

export interface TestEdgeOptions extends KitOptions {
  readonly maxConnections?: number;
}

/** An edge over real sockets and a scripted store, for the specs; IMEI and OTHER_IMEI are registered. Not part of the app. */
export class TestEdge {
  private readonly devices: TestDevice[] = [];

  private constructor(
    readonly kit: Kit,
    private readonly transport: EdgeTransport,
    readonly port: number,
  ) {}

  static async listen(options: TestEdgeOptions = {}): Promise<TestEdge> {
    const kit = await edgeKit(options);
    kit.registry.enable(OTHER_IMEI);
    const transport = new EdgeTransport({
      host: '127.0.0.1',
      port: 0,
      maxConnections: options.maxConnections ?? 50,
      logger: kit.parts.logger,
      connected: (link) => link.attach(new Session(link, kit.parts)),
      turnedAway: (code) => kit.parts.metrics.refused(code),
    });
    return new TestEdge(kit, transport, await transport.open());
  }

  async connect(): Promise<TestDevice> {
    const device = await TestDevice.connect(this.port);
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
