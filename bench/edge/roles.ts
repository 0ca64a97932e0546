import { Child, serveOrders } from '../shared/child';
import { type Target } from '../shared/device';
import { listenBare, type BareServerOptions } from './bare-server';
import { Load, type Window } from './load';
import { type FrameShape, frameOf } from './frame';

/** What runs in a process of its own, so that each has a core's worth and none pays for another. */
const ROLES = ['bare', 'load'] as const;
export type Role = (typeof ROLES)[number];

export const isRole = (name: string | undefined): name is Role => ROLES.some((role) => role === name);

type Order =
  | { readonly do: 'listen'; readonly options: BareServerOptions }
  | {
      readonly do: 'connect';
      readonly name: string;
      readonly target: Target;
      readonly count: number;
      readonly shape: FrameShape;
    }
  | { readonly do: 'run'; readonly name: string; readonly warmUpMs: number; readonly ms: number }
  | { readonly do: 'close' };

/** The body of a child process. */
export function serveRole(): void {
  const loads = new Map<string, Load>();
  serveOrders(async (order: Order): Promise<unknown> => {
    switch (order.do) {
      case 'listen':
        return listenBare(order.options);
      case 'connect': {
        const load = new Load(order.target, frameOf(order.shape));
        loads.set(order.name, load);
        return load.connect(order.count);
      }
      case 'run':
        return loads.get(order.name)?.run(order.warmUpMs, order.ms);
      case 'close':
        for (const load of loads.values()) load.close();
        return loads.clear();
    }
  });
}

/** A child of this program in one of its roles. */
export class Worker {
  private readonly child: Child<Order>;

  constructor(role: Role) {
    this.child = new Child(role);
  }

  get pid(): number {
    return this.child.pid;
  }

  async listen(options: BareServerOptions): Promise<number> {
    return Number(await this.child.order({ do: 'listen', options }));
  }

  async connect(name: string, target: Target, count: number, shape: FrameShape): Promise<void> {
    await this.child.order({ do: 'connect', name, target, count, shape });
  }

  async run(name: string, warmUpMs: number, ms: number): Promise<Window> {
    return (await this.child.order({ do: 'run', name, warmUpMs, ms })) as Window;
  }

  async closeAll(): Promise<void> {
    await this.child.order({ do: 'close' });
  }

  end(): void {
    this.child.end();
  }
}
