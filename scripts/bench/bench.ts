import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseCores } from './cores.ts';
import type { Contender } from './contender.ts';
import { startDockerRegistry } from './docker-registry.ts';
import { startDockgate } from './dockgate.ts';
import { playFetch } from './fetch.ts';
import { judgeFetch } from './fetch-verdict.ts';
import { playForward } from './forward.ts';
import { judgeForward } from './forward-verdict.ts';
import { play } from './match.ts';
import { parseOptions, USAGE, type Options } from './options.ts';
import { peakMemory } from './process-cost.ts';
import { machineFacts, markdown } from './report.ts';
import { judge } from './verdict.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (fault) {
    console.error(`${fault instanceof Error ? fault.message : String(fault)}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  return await bench(options);
}

/** 0 when every floor that was measured is held, else 1. Whatever happens, the servers are ended and the files gone. */
async function bench(options: Options): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'dockgate-bench-'));
  const contenders: Contender[] = [];
  const cores = chooseCores();
  // Without its servers whatever is being measured fails, and what comes after a failure tidies up.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const each of contenders) void each.stop();
    });
  }
  try {
    const dockgate = await startDockgate(folder, cores, { data: 'data' });
    contenders.push(dockgate);
    // Both show the certificate that Dockgate made: RSA with 2048 bits, signed by its authority.
    const certs = join(folder, 'data', 'certs');
    const certificate = {
      ca: dockgate.ca,
      certificate: join(certs, 'server.crt'),
      key: join(certs, 'server.key'),
    };
    const registry = await startDockerRegistry(folder, cores, certificate);
    contenders.push(registry);

    const say = (text: string): void => {
      console.error(text);
    };
    const setting = { options, cores, folder, say };
    const results = await play(contenders, setting);
    const memory = contenders.map(({ pid }) => peakMemory(pid));
    const fetched = options.tasks.includes('fetch') ? await playFetch(registry, setting) : undefined;
    const forwarded = options.tasks.includes('forward') ? await playForward(certificate, setting) : undefined;
    const lines = [
      ...judge(results, memory, options),
      ...(fetched ? judgeFetch(fetched) : []),
      ...(forwarded ? judgeForward(forwarded, options) : []),
    ];
    const facts = machineFacts(contenders, options, cores, forwarded?.nginx);
    console.log(
      options.json
        ? JSON.stringify({ facts, lines, results, fetched, forwarded }, null, 2)
        : markdown(facts, contenders, lines),
    );
    return lines.every(({ floor }) => floor?.held ?? true) ? 0 : 1;
  } finally {
    for (const each of contenders) await each.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
