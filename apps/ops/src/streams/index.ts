export { decodedFrame, entryView } from './entry-view';
export { shardCount } from './names';
export { registerStreams } from './streams.command';
