export { registerGatewayToken } from './gateway-token.command';
