import { once } from 'node:events';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/** A mail as it came in. */
export interface ReceivedMail {
  readonly messageId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** A mail server of our own on this machine, which keeps what it is sent: the demo's mails leave it for nowhere. */
export class Mailbox {
  readonly mails: ReceivedMail[] = [];

  private constructor(
    private readonly server: SMTPServer,
    readonly url: string,
  ) {}

  static async open(): Promise<Mailbox> {
    const server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData: (stream, session, done) => {
        simpleParser(stream)
          .then(({ messageId = '', subject = '', text = '' }) => {
            const to = session.envelope.rcptTo.map(({ address }) => address).join(', ');
            mailbox.mails.push({ messageId, to, subject, text });
            done();
          })
          .catch(done);
      },
    });
    // A client that breaks off sends its mail again.
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    const address = server.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the mailbox has no port');
    const mailbox = new Mailbox(server, `smtp://127.0.0.1:${address.port}`);
    return mailbox;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(resolve));
  }
}
