import { json } from 'node:stream/consumers';
import { askGateway, NoGateway, type GatewayReply } from '../control/index.ts';
import { configOf, type ConfigOptions } from './config-options.ts';
import { Failure } from './failure.ts';
import type { World } from './world.ts';

/** Asks the running gateway of `--data` or `--config`. Throws Failure when there is none, and when it refuses. */
export async function askRunning(
  options: ConfigOptions,
  world: World,
  wish: Parameters<typeof askGateway>[1],
): Promise<GatewayReply['body']> {
  const { data } = await configOf(options, world);
  const { status, body } = await askGateway(data, wish).catch((fault: unknown) => {
    throw fault instanceof NoGateway ? new Failure(fault.message, 1, fault) : fault;
  });
  if (status === 200) return body;
  const { errors } = (await json(body)) as { errors?: readonly { message?: string }[] };
  // 400 is for what was typed, as 2 is.
  throw new Failure(errors?.[0]?.message ?? `the gateway answered ${status}`, status === 400 ? 2 : 1);
}
