import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

/** The body of a child process: carries out one order after the other. */
export function serveOrders<Order>(carryOut: (order: Order) => Promise<unknown>): void {
  process.on('message', (order: Order) => {
    carryOut(order).then(
      (value) => process.send?.({ value }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

/** This program again, in one of its roles: so that each has a core's worth and none pays for another. */
export class Child<Order extends object> {
  private readonly child: ChildProcess;
  private readonly ended: Promise<[Answer]>;

  constructor(role: string) {
    this.child = fork(process.argv[1] ?? '', [role], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.ended = once(this.child, 'exit').then(() => [{ error: `the ${role} process ended` }]);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** One at a time. Rejects with what went wrong there. */
  async order(order: Order): Promise<unknown> {
    const answered = once(this.child, 'message');
    this.child.send(order);
    const [answer] = (await Promise.race([answered, this.ended])) as [Answer];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }

  end(): void {
    this.child.disconnect();
  }
}
