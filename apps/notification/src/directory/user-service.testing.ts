import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export type UserAnswer =
  | { readonly email?: string; readonly preferred_language?: string; readonly time_zone?: string }
  /** Any other status. */
  | number
  /** Never answers. */
  | 'hang'
  /** Answers with something that is no JSON. */
  | 'gibberish';

/** A user service in this process, for specs; 404 for whoever it was not told of. */
export class TestUserService {
  readonly users = new Map<string, UserAnswer>();
  /** Instead of any user's answer. */
  everybody: UserAnswer | undefined;
  /** User ids, as they were asked for. */
  readonly asked: string[] = [];
  private readonly hanging: ServerResponse[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TestUserService> {
    const server = createServer();
    const service = new TestUserService(server);
    server.on('request', (request, response: ServerResponse) => service.answer(request.url ?? '', response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get baseUrl(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/users-of-ours`;
  }

  /** Gives the given answer to all that hang. */
  release(status: number): void {
    for (const response of this.hanging.splice(0)) response.writeHead(status).end();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private answer(path: string, response: ServerResponse): void {
    const userId = /^\/users-of-ours\/api\/v1\/internal\/users\/([^/]+)$/.exec(path)?.[1];
    if (userId === undefined) {
      response.writeHead(400).end();
      return;
    }
    const id = decodeURIComponent(userId);
    this.asked.push(id);
    const answer = this.everybody ?? this.users.get(id) ?? 404;
    if (answer === 'hang') this.hanging.push(response);
    else if (answer === 'gibberish') response.writeHead(200).end('<html>');
    else if (typeof answer === 'number') response.writeHead(answer).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }
}
