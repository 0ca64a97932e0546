import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Load, type LoadFigures } from './load';

export const LOAD_ROLE = 'load';

type Order =
  | { readonly do: 'connect'; readonly port: number; readonly count: number; readonly startMs: number }
  | { readonly do: 'allow'; readonly frames: number }
  | { readonly do: 'close' };

interface Answer {
  readonly value?: LoadFigures;
  readonly error?: string;
}

/** The body of the process that is all devices. */
export function serveLoad(): void {
  let load: Load | undefined;
  const carryOut = async (order: Order): Promise<LoadFigures | undefined> => {
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
  };
  process.on('message', (order: Order) => {
    carryOut(order).then(
      (value) => process.send?.({ value }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

/** All devices, as a process of their own. */
export class LoadWorker {
  private readonly child: ChildProcess;
  private readonly ended: Promise<[Answer]>;

  constructor() {
    this.child = fork(process.argv[1] ?? '', [LOAD_ROLE], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.ended = once(this.child, 'exit').then(() => [{ error: 'the load ended' }]);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async connect(port: number, count: number, startMs: number): Promise<void> {
    await this.order({ do: 'connect', port, count, startMs });
  }

  async allow(frames: number): Promise<LoadFigures> {
    return (await this.order({ do: 'allow', frames })) ?? { acked: 0, ackMs: [] };
  }

  async end(): Promise<void> {
    await this.order({ do: 'close' });
    this.child.disconnect();
  }

  private async order(order: Order): Promise<LoadFigures | undefined> {
    const answered = once(this.child, 'message');
    this.child.send(order);
    const [answer] = (await Promise.race([answered, this.ended])) as [Answer];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }
}
