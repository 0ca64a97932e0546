export { registerCodec } from './codec.command';
