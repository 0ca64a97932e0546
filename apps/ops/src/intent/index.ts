export { registerIntent } from './intent.command';
