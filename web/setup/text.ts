import type { Step } from './block.ts';
import { setupBlocks } from './blocks.ts';
import type { SetupFacts } from './facts.ts';
import { introduction } from './introduction.ts';

/** The setup page as plain text, for terminals. */
export function setupText(facts: SetupFacts): string {
  const title = `Clients of ${facts.registry}`;
  const blocks = setupBlocks(facts).map(
    ({ title: name, steps }) => `${name}\n${'-'.repeat(name.length)}\n${steps.map(inText).join('\n')}`,
  );
  return (
    [`${title}\n${'='.repeat(title.length)}`, introduction(facts).map(inText).join('\n'), ...blocks].join(
      '\n\n',
    ) + '\n'
  );
}

function inText({ say, code }: Step): string {
  return code === undefined ? say : `${say}\n\n${code.replaceAll(/^(?=.)/gm, '    ')}\n`;
}
