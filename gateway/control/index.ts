export { askGateway, NoGateway, requireGateway, type GatewayReply } from './ask.ts';
export { openControl, type Control } from './server.ts';
