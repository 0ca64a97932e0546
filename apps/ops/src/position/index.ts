export { registerPosition } from './position.command';
