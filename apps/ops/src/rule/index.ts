export { registerRule } from './rule.command';
