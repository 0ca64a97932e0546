import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { encodeAck, FrameReader, LOGIN_ACCEPTED, LOGIN_REJECTED } from '@app/teltonika-codec';

/** What to do with a frame: answer as the protocol says, with other bytes, not at all, or with the end of the line. */
export type Reaction = 'ack' | 'hang-up' | 'ack-and-hang-up' | Buffer;

export interface ScriptedEdge {
  readonly port: number;
  /** Every good frame of every session, in hex, in order of arrival. */
  readonly frames: { imei: string; hex: string }[];
  readonly logins: string[];
  stop(): Promise<void>;
}

export interface Script {
  /** `count` is the number of frames of that device so far, from 1. */
  readonly onFrame?: (imei: string, count: number) => Reaction;
  /** `count` is the number of logins of that device so far, from 1. */
  readonly acceptsLogin?: (imei: string, count: number) => boolean;
}

/** An edge that keeps what it gets and answers as a test wants it. */
export async function startScriptedEdge(script: Script = {}): Promise<ScriptedEdge> {
  const sockets = new Set<Socket>();
  const frames: { imei: string; hex: string }[] = [];
  const logins: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    serve(socket, script, frames, logins);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: portOf(server), frames, logins, stop: () => stop(server, sockets) };
}

function serve(
  socket: Socket,
  { onFrame = () => 'ack', acceptsLogin = () => true }: Script,
  frames: { imei: string; hex: string }[],
  logins: string[],
): void {
  const reader = new FrameReader();
  let imei = '';
  const next = (): boolean => {
    const result = reader.next();
    if (result.kind === 'login') {
      imei = result.imei;
      logins.push(imei);
      const accepted = acceptsLogin(imei, logins.filter((login) => login === imei).length);
      socket.write(accepted ? LOGIN_ACCEPTED : LOGIN_REJECTED);
    } else if (result.kind === 'frame') {
      frames.push({ imei, hex: result.frame.toString('hex') });
      const reaction = onFrame(imei, frames.filter((frame) => frame.imei === imei).length);
      if (typeof reaction !== 'string') socket.write(reaction);
      if (reaction === 'ack' || reaction === 'ack-and-hang-up') socket.write(encodeAck(result.recordCount));
      if (reaction === 'hang-up') socket.destroy();
      if (reaction === 'ack-and-hang-up') socket.end();
    } else if (result.kind === 'rejected') {
      socket.write(encodeAck(0));
    } else if (result.kind === 'fatal') {
      socket.end(result.code === 'LOGIN_INVALID' ? LOGIN_REJECTED : Buffer.alloc(0));
    }
    return result.kind !== 'incomplete' && result.kind !== 'fatal';
  };
  socket.on('data', (chunk) => {
    reader.push(chunk);
    while (next());
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the scripted edge has no port');
  return address.port;
}

async function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
}
