import { once } from 'node:events';
import { type Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/** An answer of the server other than its usual one: `550 5.1.1 no such user`. */
export type SmtpRefusal = `${number} ${string}`;

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly mail: ParsedMail;
}

/** A real SMTP server in this process, whose answers a test chooses; what is not refused is received. */
export class TestMailServer {
  readonly received: Received[] = [];
  /** Answers to RCPT of an address, one a try; with none left it is accepted. */
  readonly toRecipient = new Map<string, SmtpRefusal[]>();
  readonly toSender: SmtpRefusal[] = [];
  readonly toData: SmtpRefusal[] = [];
  /** Called when a mail has come in and before the server says so, or what it says in place of that. */
  beforeAnswer: (() => Promise<SmtpRefusal | undefined>) | undefined;
  private server: SMTPServer | undefined;
  private readonly sockets = new Set<Socket>();
  private usedPort = 0;

  constructor(private readonly credentials?: { readonly user: string; readonly pass: string }) {}

  get port(): number {
    return this.usedPort;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.usedPort}`;
  }

  async start(): Promise<void> {
    const server = new SMTPServer({
      disabledCommands: this.credentials === undefined ? ['AUTH', 'STARTTLS'] : ['STARTTLS'],
      allowInsecureAuth: true,
      authOptional: this.credentials === undefined,
      onAuth: (auth, _session, done) => {
        const { user, pass } = this.credentials ?? {};
        if (auth.username === user && auth.password === pass) done(null, { user: 'it is me' });
        else done(refusal('535 5.7.8 wrong password'));
      },
      onMailFrom: (_address, _session, done) => done(errorOf(this.toSender.shift())),
      onRcptTo: ({ address }, _session, done) => done(errorOf(this.toRecipient.get(address)?.shift())),
      onData: (stream, session, done) => {
        const answer = async (): Promise<void> => {
          const mail = await simpleParser(stream);
          const refused = errorOf(this.toData.shift());
          if (refused !== null) return done(refused);
          const from = session.envelope.mailFrom;
          const to = session.envelope.rcptTo.map(({ address }) => address);
          this.received.push({ from: from === false ? '' : from.address, to, mail });
          const instead = errorOf(await this.beforeAnswer?.());
          if (instead === null) done(null, '2.0.0 taken');
          else done(instead);
        };
        answer().catch(done);
      },
    });
    server.on('error', () => undefined);
    server.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.listen(this.usedPort, '127.0.0.1');
    await once(server.server, 'listening');
    const address = server.server.address();
    this.usedPort = typeof address === 'object' && address !== null ? address.port : 0;
    this.server = server;
  }

  /** Ends every connection without a word. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Nobody listens any more; the port stays this server's for another {@link start}. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => server.close(resolve));
  }
}

function refusal(text: SmtpRefusal): Error {
  const [code = '', ...words] = text.split(' ');
  return Object.assign(new Error(words.join(' ')), { responseCode: Number(code) });
}

const errorOf = (text: SmtpRefusal | undefined): Error | null => (text === undefined ? null : refusal(text));
