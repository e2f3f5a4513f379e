import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contender } from './contender.ts';
import type { Cores } from './cores.ts';
import { askManifests } from './manifests.ts';
import { measure, type Sample } from './measure.ts';
import { MATCHES, type Match, type Options } from './options.ts';
import { pull } from './pull.ts';
import { push } from './push.ts';
import { makeRandomFile, renew } from './random-file.ts';
import { makeSampleImage, pushSampleImage } from './sample-image.ts';

/** What a match is played with. */
export interface Setting {
  readonly options: Options;
  readonly cores: Cores;
  /** For files that are pushed. */
  readonly folder: string;
  /** Told what goes on. */
  readonly say: (text: string) => void;
}

/** The samples of each contender, in the order of the contenders, by task. */
export type Results = Readonly<Partial<Record<Match, readonly (readonly Sample[])[]>>>;

/** One task on one contender; the round that is not counted is number 0. */
type Play = (contender: Contender, round: number) => Promise<Sample>;

/** Measures the tasks of both servers in rounds, A B A B, after a round that is not counted. */
export async function play(contenders: readonly Contender[], setting: Setting): Promise<Results> {
  const results: Partial<Record<Match, readonly (readonly Sample[])[]>> = {};
  for (const task of MATCHES.filter((each) => setting.options.tasks.includes(each))) {
    const samples = contenders.map((): Sample[] => []);
    const once = await PREPARE[task](contenders, setting);
    for (let round = 0; round <= setting.options.rounds; round++) {
      for (const [index, contender] of contenders.entries()) {
        const sample = await once(contender, round);
        setting.say(`${task} ${round}/${setting.options.rounds} ${contender.name}: ${describe(sample)}`);
        if (round > 0) samples[index]?.push(sample);
      }
    }
    results[task] = samples;
  }
  return results;
}

const PREPARE: Readonly<
  Record<Match, (contenders: readonly Contender[], setting: Setting) => Promise<Play>>
> = {
  async pull(contenders, { options, folder }) {
    const file = await makeRandomFile(join(folder, 'pulled'), options.blobSize);
    for (const each of contenders) await push(each, file, await each.authorization('push'));
    return async (contender) => {
      const authorization = await contender.authorization('pull');
      return measure(contender, async () => (await pull(contender, file, authorization), 1));
    };
  },
  async push(contenders, { options, folder }) {
    let file = await makeRandomFile(join(folder, 'pushed'), options.blobSize);
    let before: string | undefined;
    return async (contender) => {
      // Every server gets the same files, and none of them twice.
      if (contender === contenders[0]) file = await renew(file);
      const authorization = await contender.authorization('push');
      // Just before each push the one before makes room. A kernel that must find fresh pages for each file costs the
      // server that writes it up to 4 CPU-seconds a GiB; a server whose turn comes later would find fewer.
      if (before !== undefined) await rm(before);
      before = contender.blobFile(file.digest);
      return measure(contender, async () => (await push(contender, file, authorization), 3));
    };
  },
  async manifest(contenders, { options, folder, cores }) {
    const image = makeSampleImage();
    for (const each of contenders) await pushSampleImage(each, image, folder);
    const load = { image, seconds: options.manifestSeconds, core: cores.client };
    return async (contender) => {
      const authorization = await contender.authorization('pull');
      return measure(contender, () => askManifests(contender, load, authorization));
    };
  },
};

function describe({ cpuSeconds, seconds, requests }: Sample): string {
  const rate = requests > 3 ? `, ${Math.round(requests / seconds)} requests/s` : '';
  return `${cpuSeconds.toFixed(2)} CPU-s in ${seconds.toFixed(2)} s${rate}`;
}
