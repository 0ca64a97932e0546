export { registerSubscribe } from './subscribe.command';
