export { decodedFrame, entryView, fieldLine, type EntryView } from './entry-view';
export { shardCount } from './names';
export { registerStreams } from './streams.command';
export { entryIdField } from './streams.schema';
