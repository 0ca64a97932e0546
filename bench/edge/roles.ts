import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { listenBare, type BareServerOptions } from './bare-server';
import { Load, type Target, type Window } from './load';
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

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

/** The body of a child process: carries out one order after the other. */
export function serveOrders(): void {
  const loads = new Map<string, Load>();
  const carryOut = async (order: Order): Promise<unknown> => {
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
  };
  process.on('message', (order: Order) => {
    carryOut(order).then(
      (value) => process.send?.({ value }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

/** A child of this program in one of its roles. */
export class Worker {
  private readonly child: ChildProcess;
  private readonly ended: Promise<[Answer]>;

  constructor(role: Role) {
    this.child = fork(process.argv[1] ?? '', [role], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.ended = once(this.child, 'exit').then(() => [{ error: `the ${role} process ended` }]);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async listen(options: BareServerOptions): Promise<number> {
    return Number(await this.order({ do: 'listen', options }));
  }

  async connect(name: string, target: Target, count: number, shape: FrameShape): Promise<void> {
    await this.order({ do: 'connect', name, target, count, shape });
  }

  async run(name: string, warmUpMs: number, ms: number): Promise<Window> {
    return (await this.order({ do: 'run', name, warmUpMs, ms })) as Window;
  }

  async closeAll(): Promise<void> {
    await this.order({ do: 'close' });
  }

  end(): void {
    this.child.disconnect();
  }

  private async order(order: Order): Promise<unknown> {
    const answered = once(this.child, 'message');
    this.child.send(order);
    const [answer] = (await Promise.race([answered, this.ended])) as [Answer];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }
}
