import { createServer } from 'node:http';
import { once } from 'node:events';
import { setTimeout as elapse } from 'node:timers/promises';
import { Child, serveOrders } from '../shared/child';

export const USER_SERVICE_ROLE = 'user-service';
const PATH = /^\/api\/v1\/internal\/users\/(.+-(\d+))$/;

interface Order {
  /** Of the users' numbers, every so manieth is looked up slowly the first time; 0 for none. */
  readonly slowEvery: number;
  readonly slowMs: number;
}

export const isSlow = (user: number, slowEvery: number): boolean =>
  slowEvery > 0 && user % slowEvery === slowEvery - 1;

/** The body of the service's process: knows everybody by name. Answers an order with its port. */
export function serveUsers(): void {
  let { slowEvery, slowMs }: Order = { slowEvery: 0, slowMs: 0 };
  const slowOnce = new Set<string>();
  const server = createServer((request, response) => {
    const [, id, number] = PATH.exec(decodeURIComponent(request.url ?? '')) ?? [];
    const answer = (): void => {
      response.writeHead(id === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ email: `${id}@example.org`, preferred_language: 'en' }));
    };
    if (id === undefined || !isSlow(Number(number), slowEvery) || slowOnce.has(id)) answer();
    else {
      slowOnce.add(id);
      void elapse(slowMs).then(answer);
    }
  });
  serveOrders(async (order: Order): Promise<number> => {
    ({ slowEvery, slowMs } = order);
    if (!server.listening) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
}

/** A user service as a process, some of whose lookups are slow. */
export class UserService {
  private readonly child = new Child<Order>(USER_SERVICE_ROLE);

  /** Resolves to the base URL. */
  async be(order: Order): Promise<string> {
    return `http://127.0.0.1:${Number(await this.child.order(order))}`;
  }

  end(): void {
    this.child.end();
  }
}
