export { registerDlq } from './dlq.command';
