export { registerCodec } from './codec.command';
export { jsonOf } from './frame-text';
