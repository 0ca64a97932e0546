import { exposedName } from '@app/common/observability';
import { BAD_INPUT } from '../../apps/processor/src/edge';
import { GENERATED, table } from './markdown';

export function edgePage(): string {
  const rows = Object.entries(BAD_INPUT).map(([number, { input, reaction, code, counter }]) => {
    const labels = Object.entries(counter.labels).map(([label, value]) => `${label}="${value}"`);
    const counted = `\`${exposedName(counter.name)}{${labels.join(',')}}\``;
    return [number, input, reaction, code === undefined ? '' : `\`${code}\``, counted];
  });
  return `${GENERATED}

# The edge

## What it listens on

TCP always, TLS (1.2 and up) and UDP where their ports are set; \`configuration.md\` has the settings. All of TCP and
TLS is one session core; its frames are of codec 8, 8 Extended and 16, and 7 of old devices. The files of certificate
and key are followed: new handshakes get a changed pair, open sessions go on. UDP has no login, so it serves
registered devices only, answers the source only, and says nothing to anyone else; of several channel packets in one
datagram each is kept by itself and gets an ack of its own. Behind a balancer, \`EDGE_PROXY_TRUSTED\` names whose
PROXY header (v1 or v2) is demanded and believed; the address in it is then the device's, for logs and for caps.

## How it holds out

Deadlines are absolute: for PROXY header and TLS handshake, for the login, for a frame from its first byte. A session
ends between two frames at its age, up to a quarter later by chance, and never while a command is under way. There are
limits to connections in all, to bad logins of one address a minute (good ones are never refused: a fleet may share the
address of its carrier), and to the bytes that all sessions hold; above that limit who holds more than an equal share
is read no further. The next connections of an address whose bad logins of the minute are used up wait before anything
is read or made for them: \`EDGE_BAD_ADDRESS_CONNECTIONS_PER_SECOND\` of them are let in, in the order of who has sent
something, and those whose turn would come too late are closed, the silent ones first. Good devices of that address are so late and not refused; open connections and
other addresses do not notice. A session has one frame in hand, so that a device that sends as fast as it can gets one
turn of the store like every other; of what it sends meanwhile one chunk is read. Refusals are logged singly up to
\`EDGE_REFUSALS_LOGGED_PER_SECOND\`, beyond that as a number by code. Two devices with one IMEI are both served once they have taken it from each other four times within
ten minutes, and named (\`identity_conflict\`). A stop ends sessions between frames, \`EDGE_STOP_RATE\` a second.

## Bad input

What a device or a stranger may send, and what becomes of it. Each row has a test over a real socket that takes its
code and counter from the same table (\`apps/processor/src/edge/bad-input.ts\`). The code is that of the log line
\`edge_refused\`, or of the dead letter. Whatever one connection does, the next one is served.

Two rules decide the rest. An ack is a promise: it leaves only when the frame is durable. And what resending cannot
mend is never refused: a device sends a refused packet for ever, while its memory overwrites the oldest records.

${table(['row', 'input', 'reaction', 'code', 'counter'], rows)}
`;
}
