export { messageIdOf } from './command';
export * from './mail.config';
