import { Child, serveOrders } from '../shared/child';
import { Load, type LoadFigures } from './load';

export const LOAD_ROLE = 'load';

type Order =
  | { readonly do: 'connect'; readonly port: number; readonly count: number; readonly startMs: number }
  | { readonly do: 'allow'; readonly frames: number }
  | { readonly do: 'close' };

/** The body of the process that is all devices. */
export function serveLoad(): void {
  let load: Load | undefined;
  serveOrders(async (order: Order): Promise<LoadFigures | undefined> => {
    switch (order.do) {
      case 'connect':
        load = new Load(order.port, order.startMs);
        await load.connect(order.count);
        return undefined;
      case 'allow':
        return load?.allow(order.frames);
      case 'close':
        load?.close();
        return undefined;
    }
  });
}

/** All devices, as a process of their own. */
export class LoadWorker {
  private readonly child = new Child<Order>(LOAD_ROLE);

  get pid(): number {
    return this.child.pid;
  }

  async connect(port: number, count: number, startMs: number): Promise<void> {
    await this.child.order({ do: 'connect', port, count, startMs });
  }

  async allow(frames: number): Promise<LoadFigures> {
    return (await this.child.order({ do: 'allow', frames })) as LoadFigures;
  }

  async end(): Promise<void> {
    await this.child.order({ do: 'close' });
    this.child.end();
  }
}
