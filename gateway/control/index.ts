export { askGateway, NoGateway, type GatewayReply } from './ask.ts';
export { openControl, type Control } from './server.ts';
