/** The server answers, but not as one that works: it starts up, or its master or cluster is away. */
const NOT_SERVING = ['LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN'];

/** What concerns the server as a whole: any other entry would be refused just the same. */
const SERVER_WIDE = [...NOT_SERVING, 'OOM', 'READONLY', 'MISCONF', 'NOREPLICAS', 'NOPERM', 'NOAUTH'];

/** The first word of a server's error, such as `WRONGTYPE`. */
export function errorWord(message: string): string {
  return message.split(' ', 1)[0] ?? '';
}

export function isNotServing(message: string): boolean {
  return NOT_SERVING.includes(errorWord(message));
}

export function isServerWide(message: string): boolean {
  return SERVER_WIDE.includes(errorWord(message));
}
